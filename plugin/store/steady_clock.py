"""The time of the store: it goes on where the machine's clock steps back.

Leases and waits are times. Beside a process that lives an hour in the past, one that does not would take the other's
calls for long dead; what is due now would wait for an hour; and what was read off the clock a moment before a step
is written a moment after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LARGEST_STEP_SECONDS = 86400.0
"""Seconds of the largest step back that is ignored: nothing should live a year ahead."""


class SteadyClock:
    """Seconds since the epoch. What it gives never goes back, unless by more than ``LARGEST_STEP_SECONDS``.

    Once the machine's clock has caught up, it is followed again.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._anchor = (wall(), monotonic())

    def __call__(self) -> float:
        wall, monotonic = self._wall(), self._monotonic()
        at, mark = self._anchor
        steady = at + monotonic - mark
        if 0 < steady - wall <= LARGEST_STEP_SECONDS:
            return steady
        self._anchor = (wall, monotonic)
        return wall

    def not_before(self, moment: float) -> None:
        """Go on from the time that another process has, where that is later."""
        if self() < moment <= self._wall() + LARGEST_STEP_SECONDS:
            self._anchor = (moment, self._monotonic())
