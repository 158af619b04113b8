"""A rate limit by fixed windows."""

from __future__ import annotations

import threading
import time


class Window:
    """Rate limit: ``limit`` requests in each window of ``seconds``, aligned to the clock; 0 means no limit."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._lock = threading.Lock()
        self._window, self._used = 0, 0

    def wait(self) -> float:
        """Count a request; return the seconds until the next window if this one is used up, else 0."""
        if not (self._limit and self._seconds):
            return 0.0
        now = time.time()
        window = int(now // self._seconds)
        with self._lock:
            if window != self._window:
                self._window, self._used = window, 0
            self._used += 1
            return self._seconds - now % self._seconds if self._used > self._limit else 0.0
