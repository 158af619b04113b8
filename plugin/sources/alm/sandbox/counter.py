"""A counter of requests, by which a test sees how often ALM is asked."""

from __future__ import annotations

import threading
import time
from collections import Counter


class RequestCounter:
    """Counts the requests of each route.

    :ivar refused: the number of requests over the rate limit.
    :ivar last: the time of the last request, in seconds since the epoch.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.refused = 0
        self.last = 0.0

    def add(self, method: str, rule: str) -> None:
        with self._lock:
            self._counts[f"{method} {rule}"] += 1
            self.last = time.time()

    def refuse(self) -> None:
        """Count a request that was answered 429."""
        with self._lock:
            self.refused += 1

    def counts(self) -> dict[str, int]:
        """Return the number of requests by route, such as ``GET /users/<user_id>``."""
        with self._lock:
            return dict(self._counts)
