"""Seconds to wait before a retry."""

from __future__ import annotations

import random


def backoff(failures: int, *, base: float, cap: float, retry_after: float | None = None) -> float:
    """Return the seconds to wait after so many failures in a row: exponential, with jitter, bounded by ``cap``.

    A wait that the other side asked for is honoured up to an hour, with up to a second on top, so that not all
    callers come back in the same instant.

    :param failures: at least 1.
    """
    ceiling = min(cap, base * 2.0 ** min(failures - 1, 30))
    wait = random.uniform(ceiling / 10, ceiling)  # noqa: S311 - spreading load, not guarding a secret
    if retry_after is not None:
        wait = max(wait, min(retry_after, 3600.0) + random.uniform(0, 1))  # noqa: S311 - as above
    return wait
