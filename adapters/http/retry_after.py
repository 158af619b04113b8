"""The ``Retry-After`` header."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

MAX_SECONDS = 86_400.0


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds to wait, at most a day, or None if the header is absent or not valid.

    Accepts seconds, also fractional, and HTTP dates (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after).

    :param now: seconds since the epoch.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError, IndexError):
            return None
        seconds = max(seconds, 0.0)
    return min(seconds, MAX_SECONDS) if seconds >= 0 else None
