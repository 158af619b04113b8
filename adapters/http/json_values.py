"""Values in a provider's JSON: what is not as it should be is absent, and never raises."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from ..errors import RejectedError
from ..values import Award, IssuedBadge

SAME_PERIOD = timedelta(days=1)
"""A badge dated so much before an award at most is of the same period: nothing recurs daily."""


class MalformedError(ValueError):
    """The JSON is not what the provider sends; the message says what is missing, never what is there."""


def document(body: bytes) -> dict[str, Any] | None:
    """A JSON object, or None."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def text(data: Any, key: str) -> str:
    """A field that is a text, or an empty one; without what databases and terminals choke on."""
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode(errors="replace").decode()


def identifier(data: Any, key: str) -> str:
    """A field that is an id, written as a text or as a whole number, or an empty text."""
    value = data.get(key) if isinstance(data, dict) else None
    return str(value) if type(value) is int and abs(value) < 10**30 else text(data, key)


def email(data: Any, key: str) -> str:
    """A field that is an address, lower-cased and trimmed, or an empty text."""
    return text(data, key).strip().lower()


def moment(value: Any) -> datetime | None:
    """An aware time from ISO 8601, or None; without an offset it is UTC."""
    try:
        parsed = datetime.fromisoformat(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def web_address(value: Any) -> str | None:
    """An http(s) URL, or None: it will be a link on somebody's page."""
    fit = isinstance(value, str) and value.startswith(("https://", "http://")) and value.isprintable()
    return value if fit else None


def is_earlier(badge: IssuedBadge, award: Award) -> bool:
    """Whether a badge of the award's template and earner is the one of an earlier period, to go by its date."""
    return bool(award.period) and badge.issued_at is not None and award.issued_at - badge.issued_at > SAME_PERIOD


def is_of_another_time(badge: IssuedBadge, award: Award) -> bool:
    """Whether a badge of the award's template and earner is not the award's: of an earlier period, or expired and
    not earned on its day.
    """
    its_day = badge.issued_at is None or abs(award.issued_at - badge.issued_at) <= SAME_PERIOD
    return is_earlier(badge, award) or (badge.state == "expired" and not its_day)


def segment(id_: str) -> str:
    """An id as a part of a path. :raises RejectedError: it is none; ``.`` and ``..`` would be another path."""
    if not id_.strip(". "):
        raise RejectedError("not_found", "an empty id")
    return quote(id_, safe="")
