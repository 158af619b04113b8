"""Check requests to issue a badge, as Badgr does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .records import Refusal

_TYPES = {"email", "url", "id", "telephone"}
_FORMS = {"days": 1, "weeks": 7, "months": 30, "years": 365}


def recipient(item: Mapping[str, Any]) -> tuple[str, str, bool]:
    """Return the recipient's identity, its type, and True if it is to be hashed.

    :raises Refusal: 400.
    """
    given = item.get("recipient")
    if not isinstance(given, dict):
        raise Refusal(400, fields={"recipient": ["This field is required."]})
    kind = given.get("type", "email")
    identity = given.get("identity")
    if not isinstance(identity, str) or not identity.strip():
        raise Refusal(400, fields={"recipient": {"identity": ["This field may not be blank."]}})
    local, _, domain = identity.rpartition("@")
    if kind not in _TYPES or (kind == "email" and not (local and "." in domain and " " not in identity)):
        raise Refusal(400, fields={"recipient": {"non_field_errors": ["Enter a valid email address."]}})
    return identity, kind, bool(given.get("hashed", kind in {"email", "telephone"}))


def moment(item: Mapping[str, Any], field: str) -> datetime | None:
    """Return the time in a field of the item, in UTC; None if the field is missing.

    :raises Refusal: 400.
    """
    value = item.get(field)
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal(400, fields={field: ["Datetime has wrong format."]}) from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def issued_at(item: Mapping[str, Any]) -> datetime:
    found = moment(item, "issuedOn") or datetime.now(UTC)
    if found > datetime.now(UTC) or found.year < 1583:
        raise Refusal(400, fields={"issuedOn": ["Only issuedOn dates in the past are acceptable."]})
    return found


def evidence(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the evidence of the item as a list.

    :raises Refusal: 400, one has neither url nor narrative, or a narrative shows an image.
    """
    given = item.get("evidence") or []
    for each in given if isinstance(given, list) else [given]:
        if not (isinstance(each, dict) and (each.get("url") or each.get("narrative"))):
            raise Refusal(400, fields={"evidence": ["Either url or narrative is required"]})
        if "![" in str(each.get("narrative") or ""):
            raise Refusal(400, fields={"evidence": ["Images not supported in markdown"]})
    return list(given)


def end_of(issued: datetime, text: str) -> datetime | None:
    """Return the expiry after a knob's ``2 years``, roughly: the server's own arithmetic is not known."""
    parsed = expiry(text)
    return issued + timedelta(days=parsed["amount"] * _FORMS[parsed["duration"]]) if parsed else None


def expiry(text: str) -> dict[str, Any] | None:
    """Parse a knob such as ``2 years``; return None if it is empty.

    :raises ValueError: names the knob.
    """
    amount, _, duration = text.partition(" ")
    if not text:
        return None
    if not (amount.isascii() and amount.isdigit() and int(amount)) or duration not in _FORMS:
        raise ValueError(f"knob 'class_expires': {text!r} is not such as '2 years' ({', '.join(_FORMS)})")
    return {"amount": int(amount), "duration": duration}
