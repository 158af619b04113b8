"""Check requests to issue a badge, as Credly does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .records import Refusal

_LABELS = {
    "recipient_email": "Recipient email",
    "issued_at": "Issued at",
    "issued_to_first_name": "First name",
    "issued_to_last_name": "Last name",
}


def required(item: Mapping[str, Any], field: str) -> str:
    """Return the text of a field, without surrounding blanks.

    :raises Refusal: 422, it is blank.
    """
    value = item.get(field)
    if not (isinstance(value, str) and value.strip()):
        raise Refusal(422, f"Validation failed: {_LABELS[field]} can't be blank", attribute=field)
    return value.strip()


def email(item: Mapping[str, Any]) -> str:
    """Return the recipient's e-mail address.

    :raises Refusal: 422, blank or no address.
    """
    value = required(item, "recipient_email")
    local, _, domain = value.rpartition("@")
    if not local or "." not in domain or " " in value:
        raise Refusal(422, f"Validation failed: Recipient email {value} is invalid", attribute="recipient_email")
    return value


def optional(item: Mapping[str, Any], field: str) -> str | None:
    value = item.get(field)
    return value if isinstance(value, str) and value else None


def issued_at(item: Mapping[str, Any]) -> datetime:
    return _time("issued_at", required(item, "issued_at"))


def expires_at(item: Mapping[str, Any]) -> datetime | None:
    """Return the expiry; None also for ``false``, which means never: templates of a sandbox have no own expiry."""
    value = item.get("expires_at")
    if value in (None, False, "", "false"):
        return None
    return _time("expires_at", str(value))


def _time(field: str, value: str) -> datetime:
    """Parse a time.

    :raises Refusal: 422, in none of the formats that live clients send.
    """
    for form in ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d  %I:%M:%S %p"):
        try:
            parsed = datetime.strptime(value, form)  # noqa: DTZ007 (the zone is set below)
        except ValueError:
            continue
        return _utc(parsed)
    try:
        return _utc(datetime.fromisoformat(value))
    except ValueError:
        raise Refusal(422, "Validation failed: the date cannot be read", attribute=field) from None


def _utc(parsed: datetime) -> datetime:
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
