"""Calls to an adapter: every error becomes an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...adapters.base import Adapter
from ...adapters.errors import (
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    TemporaryError,
)
from ...adapters.values import Outcome
from ..providers.awards import award_of
from ..providers.guarded_adapter import BrokenAdapterError
from ..providers.outcomes import asked_to_wait
from ..providers.timeouts import HangingError
from ..store import LedgerAward


def not_sent(row: LedgerAward, halt: AdapterError) -> AdapterError:
    """Return the outcome of an award that a halt kept from being sent: it is in no more doubt than before."""
    if asked := asked_to_wait(halt):
        return OverBudgetError(str(halt), retry_after=asked)
    if isinstance(halt, OverBudgetError) or not isinstance(halt, TemporaryError | HangingError):
        return halt
    return TemporaryError(str(halt), may_have_acted=row.in_doubt)


def look_up(adapter: Adapter, row: LedgerAward) -> Outcome | None:
    """Return the badge; None where there is none; or the error of the look-up, after which nothing is sent."""
    try:
        badge = adapter.find(award_of(row))
    except AdapterError as error:
        return _still_in_doubt(error)
    return None if badge is None else replace(badge, existed=True)


def issue(adapter: Adapter, rows: Sequence[LedgerAward]) -> list[Outcome]:
    try:
        return adapter.issue([award_of(row) for row in rows])
    except AdapterError as error:
        return [error] * len(rows)


def _still_in_doubt(error: AdapterError) -> AdapterError:
    if isinstance(error, OverBudgetError | ConfigurationError | HangingError | BrokenAdapterError):
        return error
    if isinstance(error, TemporaryError):
        return TemporaryError(str(error), retry_after=error.retry_after, may_have_acted=True)
    return AmbiguousError(str(error))
