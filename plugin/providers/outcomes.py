"""Find the outcomes that concern the whole connection."""

from __future__ import annotations

from collections.abc import Sequence

from ...adapters.errors import AdapterError, ConfigurationError, OverBudgetError, TemporaryError
from ...adapters.values import Outcome
from .timeouts import HangingError


def halting(outcomes: Sequence[Outcome | None]) -> AdapterError | None:
    """Return the error that concerns the whole connection, so that no further call is made; None without one."""
    kinds = ConfigurationError | OverBudgetError | HangingError
    errors = (each for each in outcomes if isinstance(each, AdapterError))
    return next((each for each in errors if isinstance(each, kinds) or asked_to_wait(each)), None)


def asked_to_wait(outcome: Outcome | None) -> float | None:
    """Return the seconds that the provider asked us to wait; None where it did not."""
    if isinstance(outcome, TemporaryError) and not isinstance(outcome, OverBudgetError):
        return outcome.retry_after
    return None
