"""Build and parse Accredible's JSON. Pure functions; unknown fields are ignored.

A credential's id is a text when it is created or read and a number in searches and batches; recipient and group are
separate objects or fields of the credential.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from ..errors import INVALID_TEMPLATE, RejectedError
from ..http.json_values import MalformedError, email, identifier, moment, text, web_address
from ..values import Award, BadgeState, BadgeTemplate, IssuedBadge

OUR_ID, OUR_REVOCATION = "badgerelay_id", "badgerelay_revoked"
"""The key of our id in a credential's ``meta_data``, which may contain anything."""

MOST_OF_A_REASON = 200


def own_id(award: Award) -> str:
    """Return our id of an award's credential: always the same, and without personal data."""
    parts = "\n".join((award.recipient.earner_id, award.template_id, award.period))
    return "br-" + hashlib.sha256(parts.encode()).hexdigest()[:32]


def group_id(template_id: str) -> int:
    """Return the group's number. :raises RejectedError: ``INVALID_TEMPLATE``: it is not a number."""
    if not (template_id.isascii() and template_id.isdigit() and len(template_id) <= 18):
        raise RejectedError(INVALID_TEMPLATE, "the badge template is not a group: Accredible's group ids are numbers")
    return int(template_id)


def issue_item(award: Award) -> dict[str, Any]:
    """Return the body of a new credential, which is also an item of a batch.

    :raises RejectedError: ``missing_email`` or ``missing_name``, which Accredible requires, or ``INVALID_TEMPLATE``.
    """
    address = award.recipient.email.strip().lower()
    name = " ".join(f"{award.recipient.first_name} {award.recipient.last_name}".split())
    if not address:
        raise RejectedError("missing_email", "Accredible needs the learner's e-mail address; it is empty")
    if not name:
        raise RejectedError("missing_name", "Accredible needs the learner's name; it is empty")
    recipient = {"name": name, "email": address}
    if award.recipient.earner_id:
        recipient["id"] = award.recipient.earner_id
    item: dict[str, Any] = {
        "id": own_id(award),
        "recipient": recipient,
        "group_id": group_id(award.template_id),
        "issued_on": day(award.issued_at),
        "approve": True,
        "meta_data": {OUR_ID: own_id(award)},
    }
    if award.expires_at is not None:
        item["expired_on"] = day(award.expires_at)
    return item


def day(when: datetime) -> str:
    """Format the date in UTC; Accredible has no times."""
    return when.astimezone(UTC).date().isoformat()


def meta_data(data: Any) -> dict[str, Any]:
    kept = data.get("meta_data") if isinstance(data, dict) else None
    return kept if isinstance(kept, dict) else {}


def parse_badge(data: Any, now: float, *, existed: bool = False, template_id: str = "") -> IssuedBadge:
    """Parse a credential. Accredible has no acceptance, so it stays ``pending``; an unpublished one has no page.

    :param now: seconds since the epoch, to find expired credentials.
    :param template_id: the group, if Accredible does not state it.
    :raises MalformedError: the credential has no id.
    """
    badge_id = identifier(data, "id")
    if not badge_id:
        raise MalformedError("a credential without id")
    expires_at = moment(data.get("expired_on"))
    state: BadgeState = "pending"
    if OUR_REVOCATION in meta_data(data):
        state = "revoked"
    elif expires_at is not None and expires_at.timestamp() <= now:
        state = "expired"
    return IssuedBadge(
        id=badge_id,
        template_id=group_of(data) or template_id,
        state=state,
        url=None if is_unpublished(data) else web_address(data.get("url")),
        issued_at=moment(data.get("issued_on")),
        expires_at=expires_at,
        existed=existed,
    )


def is_unpublished(data: Any) -> bool:
    """Return whether a credential was created and not published: no credits left, or a setting of the account."""
    return isinstance(data, dict) and data.get("approve") is False


def group_of(data: Any) -> str:
    """Return the group's id, or an empty text."""
    group = data.get("group") if isinstance(data, dict) else None
    return identifier(data, "group_id") or identifier(group, "id")


def address_of(data: Any) -> str:
    recipient = data.get("recipient") if isinstance(data, dict) else None
    return email(data, "recipient_email") or email(recipient, "email")


def earner_of(data: Any) -> str:
    recipient = data.get("recipient") if isinstance(data, dict) else None
    return identifier(data, "recipient_id") or identifier(recipient, "id")


def belongs_to(data: Any, award: Award) -> bool:
    """Return whether a credential is the award's: same group, if stated, and our id or the address."""
    if not isinstance(data, dict) or group_of(data) not in ("", award.template_id):
        return False
    ours = own_id(award)
    if ours in (text(data, "license_id"), text(data, "id"), text(meta_data(data), OUR_ID)):
        return True
    address = award.recipient.email.strip().lower()
    return bool(address) and address_of(data) == address


def parse_template(data: Any) -> BadgeTemplate:
    """Parse a group; it has no states. :raises MalformedError: the group has no id or no name."""
    template_id, name = identifier(data, "id"), text(data, "name") or text(data, "course_name")
    if not (template_id and name):
        raise MalformedError("a group without id or name")
    return BadgeTemplate(
        id=template_id,
        name=name,
        state="active",
        description=text(data, "course_description"),
        url=web_address(data.get("course_link")),
        allows_duplicates=data.get("allow_duplicate_credentials") is True,
        created_at=moment(data.get("created_at")),
    )
