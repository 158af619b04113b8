"""Build and parse Badgr's JSON. Pure functions; unknown fields are ignored."""

from __future__ import annotations

import calendar
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import RejectedError
from ..http.json_values import MalformedError, email, moment, text, web_address
from ..values import Award, BadgeState, BadgeTemplate, IssuedBadge

CLOCKS_DIFFER = timedelta(minutes=5)
"""Maximum time by which a completion may be in the future; it is then dated now, as Badgr refuses future dates."""

_STATES: dict[str, BadgeState] = {"Accepted": "accepted", "Rejected": "declined"}
_HASHED = "sha256$"


def issue_item(award: Award, now: float, expires_at: datetime | None, *, duplicate: bool = False) -> dict[str, Any]:
    """Return the body of a new assertion, which is also a row of a batch.

    :param expires_at: the expiry by the badge class; the award's own takes precedence.
    :param duplicate: allow a further badge of the class. Badgr's own default is to allow it.
    :raises RejectedError: ``missing_email``.
    """
    address = award.recipient.email.strip().lower()
    if not address:
        raise RejectedError("missing_email", "Badgr needs the learner's e-mail address; it is empty")
    present = datetime.fromtimestamp(now, UTC)
    ahead = timedelta(0) < award.issued_at - present <= CLOCKS_DIFFER
    item: dict[str, Any] = {
        "recipient": {"identity": address, "type": "email", "hashed": True},
        "issuedOn": timestamp(present if ahead else award.issued_at),
        "allowDuplicateAwards": duplicate,
    }
    end = award.expires_at or expires_at
    if end is not None:
        item["expires"] = timestamp(end)
    return item


def timestamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of(issued_at: datetime, expires: Any) -> datetime | None:
    """Return when a badge of the class expires; None: never.

    Badgr does not set this itself.

    :param expires: ``{"amount": 2, "duration": "years"}``, of the badge class.
    """
    amount = expires.get("amount") if isinstance(expires, dict) else None
    if type(amount) is not int or amount <= 0:
        return None
    try:
        match text(expires, "duration"):
            case "days":
                return issued_at + timedelta(days=amount)
            case "weeks":
                return issued_at + timedelta(weeks=amount)
            case "months":
                return _months_later(issued_at, amount)
            case "years":
                return _months_later(issued_at, 12 * amount)
    except (OverflowError, ValueError):
        return None  # beyond the year 9999: never
    return None


def _months_later(when: datetime, months: int) -> datetime:
    """Return the same day of a later month, or its last day. :raises ValueError: beyond the year 9999."""
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    if year > 9999:
        raise ValueError(year)
    return when.replace(year=year, month=month + 1, day=min(when.day, calendar.monthrange(year, month + 1)[1]))


def parse_badge(data: Any, now: float, *, existed: bool = False) -> IssuedBadge:
    """Parse an assertion. An acceptance that Badgr may add later counts as ``pending``.

    :param now: seconds since the epoch, to find expired badges.
    :raises MalformedError: the assertion has no id.
    """
    badge_id = text(data, "entityId")
    if not badge_id:
        raise MalformedError("an assertion without entityId")
    expires_at = moment(data.get("expires"))
    state: BadgeState = _STATES.get(text(data, "acceptance"), "pending")
    if data.get("revoked") is True:
        state = "revoked"
    elif expires_at is not None and expires_at.timestamp() <= now:
        state = "expired"
    return IssuedBadge(
        id=badge_id,
        template_id=text(data, "badgeclass"),
        state=state,
        url=web_address(data.get("openBadgeId")),
        issued_at=moment(data.get("issuedOn")),
        expires_at=expires_at,
        existed=existed,
    )


def belongs_to(data: Any, award: Award) -> bool:
    """Return whether an assertion is the award's: same badge class, and same recipient in clear or hashed."""
    if not isinstance(data, dict) or text(data, "badgeclass") != award.template_id:
        return False
    recipient, address = data.get("recipient"), award.recipient.email.strip().lower()
    if email(recipient, "plaintextIdentity"):
        return email(recipient, "plaintextIdentity") == address
    identity = text(recipient, "identity")
    if identity.startswith(_HASHED):
        salted = address + text(recipient, "salt")
        return identity.lower() == _HASHED + hashlib.sha256(salted.encode()).hexdigest()
    return bool(address) and identity.strip().lower() == address


def address_of(data: Any) -> str:
    """Return the recipient's e-mail address, or an empty text if it is hashed or of another type."""
    recipient = data.get("recipient") if isinstance(data, dict) else None
    if text(recipient, "type") not in ("email", ""):
        return ""
    shown = email(recipient, "plaintextIdentity") or email(recipient, "identity")
    return "" if shown.startswith(_HASHED) else shown


def parse_template(data: Any) -> BadgeTemplate:
    """Parse a badge class; it has no states. :raises MalformedError: the class has no id or no name."""
    template_id, name = text(data, "entityId"), text(data, "name")
    if not (template_id and name):
        raise MalformedError("a badge class without entityId or name")
    return BadgeTemplate(
        id=template_id,
        name=name,
        state="active",
        description=text(data, "description"),
        image_url=web_address(data.get("image")),
        url=web_address(data.get("openBadgeId")),
        created_at=moment(data.get("createdAt")),
    )
