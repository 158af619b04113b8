"""Measure, log and trace calls to a provider."""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ...adapters.errors import AmbiguousError, ConfigurationError, OverBudgetError, RejectedError, TemporaryError
from ...adapters.values import IssuedBadge
from ..runtime.tracing import span
from ..store import LedgerAward, Store

BOUNDS = (0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the histogram's buckets, in seconds."""

CALLS, ATTEMPTS, SECONDS, BUCKET = "calls", "attempts", "seconds", "bucket"
"""Names in the table of measurements."""

log = logging.getLogger("badgerelay.delivery")


@contextmanager
def provider_call(
    store: Store, connection: str, verb: str, rows: Sequence[LedgerAward]
) -> Iterator[Callable[[Sequence[object]], None]]:
    """Measure, log and trace the call of an adapter's verb that the block makes for these awards.

    :return: a function to call with the outcome of each award: a badge, an error, or None for an absent badge.
    """
    outcomes: list[str] = []
    correlation_ids = [row.correlation_id for row in rows]
    started = time.perf_counter()
    with span(
        f"badgerelay.{verb}", connection=connection, correlation_ids=correlation_ids, awards=[row.id for row in rows]
    ):
        try:
            yield lambda results: outcomes.extend(outcome_of(result) for result in results)
        finally:
            seconds = time.perf_counter() - started
            outcome = _together(outcomes)
            _measure(store, connection, verb, outcome, outcomes, seconds)
            log.info(
                "%s of %d award%s at %s took %.3f s: %s",
                verb,
                len(rows),
                "" if len(rows) == 1 else "s",
                connection,
                seconds,
                outcome,
                extra={
                    "connection": connection,
                    "verb": verb,
                    "outcome": outcome,
                    "seconds": round(seconds, 3),
                    "correlation_ids": correlation_ids,
                    "award_ids": [row.id for row in rows],
                },
            )


def outcome_of(result: object) -> str:
    """Return one word for the outcome of an award."""
    match result:
        case None:
            return "absent"
        case IssuedBadge():
            return "revoked" if result.state == "revoked" else "existed" if result.existed else "issued"
        case RejectedError():
            return "rejected"
        case ConfigurationError():
            return "configuration"
        case OverBudgetError():
            return "over_budget"
        case TemporaryError():
            return "temporary"
        case AmbiguousError():
            return "ambiguous"
        case _:
            return "broken"


def _together(outcomes: Sequence[str]) -> str:
    kinds = set(outcomes)
    return kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "broken"


def _measure(store: Store, connection: str, verb: str, outcome: str, outcomes: Sequence[str], seconds: float) -> None:
    amounts = {
        (CALLS, verb, outcome): 1.0,
        (SECONDS, verb, ""): seconds,
        (BUCKET, verb, str(bisect_left(BOUNDS, seconds))): 1.0,
    }
    for each in outcomes:
        if each != "absent":
            key = (ATTEMPTS, "", each)
            amounts[key] = amounts.get(key, 0.0) + 1.0
    store.measurements.add(amounts, connection)
