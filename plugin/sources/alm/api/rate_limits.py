"""ALM's own rate limits by the minute, read from its answers and shared by all processes.

ALM lets a few requests through at once and then one after the other, for each kind of request. The last stated
limits are cached, so that a new process need not learn them from a refusal.
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
"""Kind of the cached limits. A key is the kind of request: ``GET learningObjects/instances``."""

DOCUMENTED = RateLimit(60, 60.0, 10)
DOCUMENTED_OF: Mapping[str, RateLimit] = {"GET learningObjects": RateLimit(15, 60.0, 10)}
"""The limits in Adobe's documentation, until an answer states others."""

KEPT_SECONDS = 7 * 86400.0

ALL = "all"
"""Stands for requests of every kind: if all kinds have the same limit, it may be one for all of them."""


class ApiLimits:
    """ALM's limits for one connection. Several threads may share it.

    :param burst: creates the pace of a name from the seconds between calls and the maximum of calls at once.
    :param now: seconds since the epoch.
    """

    def __init__(self, burst: Callable[[str, float, int], Pace], cache: Cache, now: Callable[[], float]) -> None:
        self._burst = burst
        self._cache = cache
        self._now = now
        self._guard = threading.Lock()
        self._stated: dict[str, RateLimit] | None = None
        self._paces: dict[tuple[str, RateLimit], Pace] = {}

    def before(self, kind: str) -> None:
        """Wait until ALM takes a request of this kind.

        :raises OverBudgetError: the wait is too long.
        """
        family = _family(kind)
        limits = self._limits()
        alike = [limit for each, limit in limits.items() if _family(each) == family]
        own = min(alike, key=_strictness, default=DOCUMENTED_OF.get(family, DOCUMENTED))
        for what, limit in ((family, own), (ALL, max(limits.values(), key=_strictness, default=DOCUMENTED))):
            self._pace(what, limit)()

    def learn(self, kind: str, limit: RateLimit) -> None:
        """Store the limit that an answer to a request of this kind stated."""
        limits = self._limits()
        if limits.get(kind) != limit:
            limits[kind] = limit
            self._cache.put(KIND, {kind: asdict(limit)}, self._now())

    def _limits(self) -> dict[str, RateLimit]:
        with self._guard:
            if self._stated is None:
                kept = self._cache.all(KIND, newer_than=self._now() - KEPT_SECONDS)
                self._stated = {kind: RateLimit(**value) for kind, value in kept.items()}
            return self._stated

    def _pace(self, what: str, limit: RateLimit) -> Pace:
        pace = self._paces.get((what, limit))
        if pace is None:
            pace = self._paces[what, limit] = self._burst(f"alm {what}", limit.interval, max(1, limit.burst or 1))
        return pace


def _family(kind: str) -> str:
    """Return the name of requests that may share a limit: ``GET users`` for ``GET users/userSkills``."""
    return kind.partition("/")[0]


def _strictness(limit: RateLimit) -> tuple[float, int]:
    return (limit.requests / limit.seconds, limit.burst or 1)
