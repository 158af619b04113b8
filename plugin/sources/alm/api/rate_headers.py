"""What ALM says about how often it may be asked.

https://github.com/AdobeDocs/learning-manager.en/blob/main/help/migrated/api-rate-limits-learning-manager.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .....adapters.http.retry_after import retry_after

_RATE = re.compile(r"\s*(\d{1,9})\s*r/([smh])\s*\Z", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The headers ``x-rate-limit`` (``60r/m``) and ``x-burst`` of one answer.

    :param seconds: the period in which so many requests are allowed.
    :param burst: requests that may come at once, or None where ALM does not say.
    """

    requests: int
    seconds: float
    burst: int | None

    @property
    def interval(self) -> float:
        """Seconds from one allowed request to the next."""
        return self.seconds / self.requests


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """None where the header is missing or not understood."""
    match = _RATE.match(headers.get("x-rate-limit", ""))
    if match is None or int(match[1]) == 0:
        return None
    burst = headers.get("x-burst", "").strip()
    return RateLimit(
        requests=int(match[1]),
        seconds=_SECONDS[match[2]],
        burst=int(burst) if burst.isascii() and burst.isdigit() and len(burst) < 10 else None,
    )


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait after a 429: ``retry-after`` (may have a fraction), else the interval of the rate.

    :param now: seconds since the epoch.
    """
    seconds = retry_after(headers.get("retry-after"), now)
    if seconds is not None:
        return seconds
    limit = parse_rate_limit(headers)
    return None if limit is None else limit.interval
