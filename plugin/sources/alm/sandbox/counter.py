"""Counts what was asked, so that a test can see how often ALM is asked."""

from __future__ import annotations

import threading
import time
from collections import Counter


class RequestCounter:
    """:ivar refused: how many requests were too many for the rate.
    :ivar last: when the last one came, seconds since the epoch.
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
        """One was answered 429."""
        with self._lock:
            self.refused += 1

    def counts(self) -> dict[str, int]:
        """How many requests each route has had: ``GET /users/<user_id>``."""
        with self._lock:
            return dict(self._counts)
