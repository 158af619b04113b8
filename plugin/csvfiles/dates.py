"""Dates of transcripts. ALM does not publish their format, so every unambiguous form is accepted."""

from __future__ import annotations

import re
from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2101, 1, 1, tzinfo=UTC)

_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ ,T]+(.+))?\Z", re.ASCII)
_EPOCH = re.compile(r"\d{9,13}\Z", re.ASCII)
_MILLISECONDS_FROM = 100_000_000_000
_DAYS = ("%b %d %Y", "%b %d, %Y", "%B %d %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%Y/%m/%d")
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")


def parse_date(text: str) -> datetime:
    """Return the moment in UTC. The zone is UTC by default, the time the beginning of the day.

    :raises ValueError: the text is not a date; the message ends a sentence.
    """
    text = " ".join(text.split())
    for suffix in (" UTC", " GMT"):
        text = text.removesuffix(suffix)
    moment = _epoch(text) or _iso(text) or _slashed(text) or _worded(text)
    if moment is None:
        raise ValueError(f"{text[:40]!r} is not a date: write it in ISO 8601, such as 2026-08-24T09:17:00Z")
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"{text[:40]!r} is outside 1970 to 2100")
    return moment


def _epoch(text: str) -> datetime | None:
    if not _EPOCH.match(text):
        return None
    number = int(text)
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-", text, re.ASCII):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _slashed(text: str) -> datetime | None:
    """Return the date of ``24.08.2026`` or ``08/24/2026``, or None for another form.

    :raises ValueError: the text does not show which number is the month.
    """
    match = _SLASHED.match(text)
    if match is None:
        return None
    first, second, year = int(match[1]), int(match[2]), match[3]
    if first <= 12 and second <= 12 and first != second:
        raise ValueError(f"{text[:40]!r} does not say which is the month: write it as 2026-08-24")
    month, day = (second, first) if first > 12 else (first, second)
    return _iso_like(f"{year}-{month:02d}-{day:02d}", match[4] or "")


def _worded(text: str) -> datetime | None:
    for day in _DAYS:
        for time in _TIMES:
            try:
                return datetime.strptime(text, day + time).replace(tzinfo=UTC)
            except ValueError:
                continue
    return None


def _iso_like(day: str, time: str) -> datetime | None:
    for form in _TIMES:
        try:
            return datetime.strptime(f"{day} {time}".strip(), f"%Y-%m-%d{form}").replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
