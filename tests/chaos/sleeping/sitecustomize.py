"""Loaded by Python before a program whose clock is libfaketime's.

libfaketime up to 0.9.10 answers ``clock_nanosleep`` until a moment, which is how ``time.sleep`` sleeps, with EINVAL.
"""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment]  # time.sleep also takes what has __index__
