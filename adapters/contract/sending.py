"""Send awards as badgerelay does: a raised error is an outcome, and after doubt a look-up comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..base import Adapter
from ..errors import AdapterError, AmbiguousError, TemporaryError
from ..values import Award, IssuedBadge, Outcome
from .provider import Clock

ATTEMPTS = 8
WAIT_SECONDS = 15.0


def issue_one(adapter: Adapter, award: Award) -> Outcome:
    """Issue one award; return its outcome, returned or raised. Any other exception fails the test."""
    return issue_all(adapter, [award])[0]


def issue_all(adapter: Adapter, awards: Sequence[Award]) -> list[Outcome]:
    """Issue awards; return their outcomes, as :func:`issue_one`."""
    try:
        outcomes = adapter.issue(awards)
    except AdapterError as error:
        return [error] * len(awards)
    assert len(outcomes) == len(awards), f"issue() returned {len(outcomes)} outcomes for {len(awards)} awards"
    for outcome in outcomes:
        assert isinstance(outcome, IssuedBadge | AdapterError), (
            f"issue() returned {type(outcome).__name__}, which is not an outcome"
        )
    return outcomes


def is_doubt(outcome: Outcome) -> bool:
    """Return whether the badge may have been made."""
    return isinstance(outcome, AmbiguousError) or (isinstance(outcome, TemporaryError) and outcome.may_have_acted)


def retry_until_issued(adapter: Adapter, award: Award, outcome: Outcome) -> IssuedBadge:
    """Retry, as badgerelay does, until the badge is issued."""
    for _ in range(ATTEMPTS):
        if isinstance(outcome, IssuedBadge):
            return outcome
        assert isinstance(outcome, AmbiguousError | TemporaryError), f"it will never be issued: {outcome!r}"
        clock, wait = adapter.context.now, outcome.retry_after if isinstance(outcome, TemporaryError) else None
        if wait is not None and isinstance(clock, Clock):
            clock.skip(wait)
        found = adapter.find(award) if is_doubt(outcome) else None
        outcome = found or issue_one(adapter, award)
    raise AssertionError(f"not issued after {ATTEMPTS} attempts: {outcome!r}")


def until(condition: Callable[[], bool], message: str) -> None:
    """Wait until the condition is true; fail with the message if it does not become true in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.05)
