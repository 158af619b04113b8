"""Outcomes of one ``issue`` call, of which some are known when an error ends it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from ..errors import AdapterError, OverBudgetError, TemporaryError
from ..values import Award, Outcome

Outcomes = dict[int, Outcome]
"""What is known so far, by the award's place."""


def gathered(awards: Sequence[Award], outcomes: Outcomes, fill: Callable[[], None]) -> list[Outcome]:
    """One outcome per award, in order.

    :param fill: fills in the outcomes; an error that it raises is that of all awards which have none yet.
    :raises AdapterError: it concerns all of them.
    """
    try:
        fill()
    except AdapterError as error:
        if not outcomes:
            raise
        missing = [index for index in range(len(awards)) if index not in outcomes]
        outcomes.update({index: copy.copy(error) for index in missing})
    return [outcomes[index] for index in range(len(awards))]


def not_sent(error: AdapterError) -> TemporaryError:
    """What an error of one award means for those that were to follow it."""
    if isinstance(error, OverBudgetError):
        return error
    wait = error.retry_after if isinstance(error, TemporaryError) else None
    return TemporaryError(f"not sent, because the award before it failed: {error}", retry_after=wait)
