"""Points in time as people read and type them."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ..runtime.durations import parse_duration

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

SINCE_HELP = "a time such as 2026-05-01T08:00 (UTC), or a length of time such as '2 hours'"


def iso(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def short(seconds: float, now: float) -> str:
    """Return a short time for a terminal: relative within a day, the local date and time beyond."""
    distance = abs(now - seconds)
    if distance >= DAY:
        local = datetime.fromtimestamp(seconds).astimezone()
        return local.strftime("%d %b %H:%M" if distance < 180 * DAY else "%Y-%m-%d")
    if distance < 1:
        return "now"
    for length, unit in ((HOUR, "h"), (MINUTE, "min"), (1.0, "s")):
        if distance >= length:
            text = f"{int(distance // length)} {unit}"
            break
    return f"{text} ago" if seconds < now else f"in {text}"


def instant(option: str, text: str, now: float) -> float:
    """Return seconds since the epoch for a time or a length of time before now.

    :raises click.UsageError: the text is neither.
    """
    ago = parse_duration(text.strip().removesuffix("ago"))
    if ago is not None:
        return now - ago
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        message = f"--{option}: {text!r} is neither {SINCE_HELP}"
        raise click.UsageError(message.replace(", or a", " nor a")) from None
