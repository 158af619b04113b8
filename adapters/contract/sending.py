"""One award, sent as badgerelay sends it: whatever is raised is an outcome, and after doubt comes a look."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..base import Adapter
from ..errors import AdapterError, AmbiguousError, TemporaryError
from ..values import Award, IssuedBadge, Outcome
from .provider import Clock

ATTEMPTS = 8
SECONDS = 15.0


def issue_one(adapter: Adapter, award: Award) -> Outcome:
    """What became of it, whether it was given or raised. Whatever no adapter may raise fails the test."""
    return issue_all(adapter, [award])[0]


def issue_all(adapter: Adapter, awards: Sequence[Award]) -> list[Outcome]:
    """What became of each. As :func:`issue_one`."""
    try:
        outcomes = adapter.issue(awards)
    except AdapterError as error:
        return [error] * len(awards)
    assert len(outcomes) == len(awards), f"issue() gave {len(outcomes)} outcomes for {len(awards)} awards"
    for outcome in outcomes:
        assert isinstance(outcome, IssuedBadge | AdapterError), f"issue() gave {type(outcome).__name__}, no outcome"
    return outcomes


def is_doubt(outcome: Outcome) -> bool:
    """Whether it says that the badge may have been made."""
    return isinstance(outcome, AmbiguousError) or (isinstance(outcome, TemporaryError) and outcome.may_have_acted)


def bring_home(adapter: Adapter, award: Award, outcome: Outcome) -> IssuedBadge:
    """Go on until the badge is there."""
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


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
