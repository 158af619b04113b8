"""Parser of the three formats in which ALM writes a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2101, 1, 1, tzinfo=UTC)
"""The first time that is out of range."""

_LATEST_SECONDS = (LATEST - EARLIEST).total_seconds()
_MILLISECONDS_FROM = 100_000_000_000
"""The lowest number that counts milliseconds; in seconds it would be in the year 5138."""


def parse_moment(value: Any) -> datetime:
    """Return the time, in UTC.

    ISO-8601 with a date and a time (without a zone it is UTC), or the epoch's milliseconds or seconds.

    :raises ValueError: the value is not a time; the message ends a sentence (``is not a date``).
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
        if not 0 <= seconds < _LATEST_SECONDS:
            raise ValueError("is a date outside 1970 to 2100")
        unit = {"milliseconds": value} if value >= _MILLISECONDS_FROM else {"seconds": value}
        return EARLIEST + timedelta(**unit)
    raise ValueError("is not a date")


def _from_text(text: str) -> datetime:
    text = text.strip()
    if len(text) < len("2026-08-24T09:17") or text[10] not in "Tt ":
        raise ValueError("is not a date")
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a date") from None
    if not EARLIEST <= moment < LATEST:
        raise ValueError("is a date outside 1970 to 2100")
    return moment
