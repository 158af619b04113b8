"""Read values from a provider's JSON. A value of a wrong type counts as absent and raises nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from ..errors import RejectedError
from ..values import Award, IssuedBadge

SAME_PERIOD = timedelta(days=1)
"""Maximum time between a badge's date and its award's: no badge is earned again within a day."""


class MalformedError(ValueError):
    """The JSON is not what the provider documents. The message says what is missing, and quotes nothing."""


def document(body: bytes) -> dict[str, Any] | None:
    """Parse a JSON object; return None for anything else."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def text(data: Any, key: str) -> str:
    """Return a text field, or an empty text; without NUL and unpaired surrogates, which databases refuse."""
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode(errors="replace").decode()


def identifier(data: Any, key: str) -> str:
    """Return an id, written as a text or as a whole number, or an empty text."""
    value = data.get(key) if isinstance(data, dict) else None
    return str(value) if type(value) is int and abs(value) < 10**30 else text(data, key)


def email(data: Any, key: str) -> str:
    """Return an e-mail address, lower-cased and trimmed, or an empty text."""
    return text(data, key).strip().lower()


def moment(value: Any) -> datetime | None:
    """Parse ISO 8601 to an aware datetime, or None; a time without an offset is UTC."""
    try:
        parsed = datetime.fromisoformat(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def web_address(value: Any) -> str | None:
    """Return an http(s) URL, or None: pages show it as a link."""
    fit = isinstance(value, str) and value.startswith(("https://", "http://")) and value.isprintable()
    return value if fit else None


def is_earlier(badge: IssuedBadge, award: Award) -> bool:
    """Return whether a badge of the award's template and earner is of an earlier period, by its date."""
    return bool(award.period) and badge.issued_at is not None and award.issued_at - badge.issued_at > SAME_PERIOD


def is_of_another_time(badge: IssuedBadge, award: Award) -> bool:
    """Return whether a badge of the award's template and earner is another award's.

    It is if it is of an earlier period, or has expired and was not earned on the award's day.
    """
    its_day = badge.issued_at is None or abs(award.issued_at - badge.issued_at) <= SAME_PERIOD
    return is_earlier(badge, award) or (badge.state == "expired" and not its_day)


def segment(id_: str) -> str:
    """Quote an id as a part of a path. :raises RejectedError: it is empty or only dots, which change the path."""
    if not id_.strip(". "):
        raise RejectedError("not_found", "an empty id")
    return quote(id_, safe="")
