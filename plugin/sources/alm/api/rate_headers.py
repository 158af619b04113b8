"""Parsers of the headers in which ALM states its rate limits.

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

    :param seconds: the period of the limit.
    :param burst: maximum number of requests at once; None if ALM does not say.
    """

    requests: int
    seconds: float
    burst: int | None

    @property
    def interval(self) -> float:
        """Seconds between two requests."""
        return self.seconds / self.requests


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Return the rate limit, or None if the header is missing or not valid."""
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
    """Return the seconds to wait after a 429: ``retry-after`` (may have a fraction), else the rate's interval.

    :param now: seconds since the epoch.
    """
    seconds = retry_after(headers.get("retry-after"), now)
    if seconds is not None:
        return seconds
    limit = parse_rate_limit(headers)
    return None if limit is None else limit.interval
