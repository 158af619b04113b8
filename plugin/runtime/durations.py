"""Lengths of time, and numbers of things, as people write them: ``30 days``, ``1 skill``."""

from __future__ import annotations

import re

FORM = 'a number and minutes, hours, days or weeks, such as "30 days"'

_DURATION = re.compile(r"(\d{1,6})\s*(minute|hour|day|week)s?\Z", re.ASCII | re.IGNORECASE)
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 7 * 86400.0}


def parse_duration(text: str) -> float | None:
    """Return the length in seconds, or None for a text of another form."""
    match = _DURATION.match(text.strip())
    return None if match is None else int(match[1]) * _SECONDS[match[2].lower()]


def in_words(seconds: float) -> str:
    """Return a length as :func:`parse_duration` takes it, in the largest unit that goes into it."""
    for unit, length in reversed(_SECONDS.items()):
        number = seconds / length
        if number == int(number) and number:
            return number_of(int(number), unit)
    return f"{seconds:g} seconds"


def number_of(count: int, what: str) -> str:
    """Return ``1 day``, ``2 days`` or ``12,000 days``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
