"""How fast ALM may be asked: its own limits by the minute, as each answer tells them, for all processes together.

ALM lets a few requests through at once and then one after the other, for each kind of request. What it told last is
kept, so that a new process need not learn it from a refusal.
https://github.com/AdobeDocs/learning-manager.en/blob/main/help/migrated/api-rate-limits-learning-manager.md
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict

from ....providers.rate_limits import Pace
from ....store.answer_cache import Cache
from .rate_headers import RateLimit

KIND = "rate_limit"
"""Of the kept answers. A key is the kind of request: ``GET learningObjects/instances``."""

UNTOLD = RateLimit(60, 60.0, 10)
UNTOLD_OF: Mapping[str, RateLimit] = {"GET learningObjects": RateLimit(15, 60.0, 10)}
"""What Adobe's pages say, until an answer says something else."""

KEPT_SECONDS = 7 * 86400.0

ALL = "all"
"""Stands for requests of every kind: where all kinds have the same limit, it may be one for all of them."""


class Tempo:
    """Of one ALM connection. May be used by several threads.

    :param burst: makes the pace of that name, of a call in so many seconds, so many of which may come at once.
    :param now: seconds since the epoch.
    """

    def __init__(self, burst: Callable[[str, float, int], Pace], cache: Cache, now: Callable[[], float]) -> None:
        self._burst = burst
        self._cache = cache
        self._now = now
        self._guard = threading.Lock()
        self._told: dict[str, RateLimit] | None = None
        self._paces: dict[tuple[str, RateLimit], Pace] = {}

    def before(self, kind: str) -> None:
        """Wait for a moment in which ALM takes a request of this kind.

        :raises OverBudgetError: it is too far away.
        """
        family = _family(kind)
        limits = self._limits()
        alike = [limit for each, limit in limits.items() if _family(each) == family]
        own = min(alike, key=_strictness, default=UNTOLD_OF.get(family, UNTOLD))
        for what, limit in ((family, own), (ALL, max(limits.values(), key=_strictness, default=UNTOLD))):
            self._pace(what, limit)()

    def told(self, kind: str, limit: RateLimit) -> None:
        """An answer to a request of this kind named this limit."""
        limits = self._limits()
        if limits.get(kind) != limit:
            limits[kind] = limit
            self._cache.put(KIND, {kind: asdict(limit)}, self._now())

    def _limits(self) -> dict[str, RateLimit]:
        with self._guard:
            if self._told is None:
                kept = self._cache.all(KIND, newer_than=self._now() - KEPT_SECONDS)
                self._told = {kind: RateLimit(**value) for kind, value in kept.items()}
            return self._told

    def _pace(self, what: str, limit: RateLimit) -> Pace:
        pace = self._paces.get((what, limit))
        if pace is None:
            pace = self._paces[what, limit] = self._burst(f"tempo {what}", limit.interval, max(1, limit.burst or 1))
        return pace


def _family(kind: str) -> str:
    """Requests that may share a limit: ``GET users`` and ``GET users/userSkills``."""
    return kind.partition("/")[0]


def _strictness(limit: RateLimit) -> tuple[float, int]:
    return (limit.requests / limit.seconds, limit.burst or 1)
