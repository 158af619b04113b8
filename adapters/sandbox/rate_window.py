"""A limit of requests."""

from __future__ import annotations

import threading
import time


class Window:
    """So many requests in each span of the clock, such as a minute; 0 for no limit."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._lock = threading.Lock()
        self._span, self._used = 0, 0

    def wait(self) -> float:
        """Seconds until the next span when this one is used up, else 0."""
        if not (self._limit and self._seconds):
            return 0.0
        now = time.time()
        span = int(now // self._seconds)
        with self._lock:
            if span != self._span:
                self._span, self._used = span, 0
            self._used += 1
            return self._seconds - now % self._seconds if self._used > self._limit else 0.0
