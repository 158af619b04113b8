"""Accredible's JSON of accounts, groups and credentials; each call has its own shape."""

from __future__ import annotations

from datetime import date
from typing import Any

from .knobs import Knobs
from .records import ISSUER_ID, ISSUER_NAME, Credential, Group

_API = "https://api.accredible.com"


def issuer_object(credits_left: int) -> dict[str, Any]:
    return {
        "id": ISSUER_ID,
        "name": ISSUER_NAME,
        "email": "badges@academy.example.org",
        "certificate_left": credits_left,
        "language": "en",
        "url": "https://academy.example.org",
    }


def group_object(group: Group, *, allow_duplicates: bool) -> dict[str, Any]:
    slug = group.name.lower().replace(" ", "-")
    return {
        "id": group.id,
        "name": group.name,
        "course_name": group.name,
        "course_description": f"Earned by completing {group.name}.",
        "course_link": f"https://academy.example.org/{slug}",
        "language": "en",
        "design_name": "default",
        "created_at": "2026-01-05T10:00:00.000Z",
        "updated_at": "2026-02-01T10:00:00.000Z",
        "meta_data": {},
        "auto_expiry": 0,
        "allow_duplicate_credentials": allow_duplicates,
        "collections": [],
    }


def credential_object(credential: Credential, knobs: Knobs, web: str) -> dict[str, Any]:
    """Return a credential as created or read: the id is a text. :param web: base URL of the pages."""
    shown = credential.own_id if knobs.own_id_shown and credential.own_id else str(credential.id)
    return {
        "id": shown,
        "encoded_id": f"q{credential.id:x}",
        "url": f"{web}/credentials/{credential.id}",
        "name": credential.group.name,
        "approve": credential.approve,
        "complete": True,
        "grade": None,
        "issued_on": credential.issued_on.isoformat(),
        "expired_on": _day(credential.expired_on),
        "group_name": credential.group.name,
        "group_id": credential.group.id,
        "private": False,
        "seo_image": f"{_API}/v1/frontend/credential_seo_image/{credential.id}",
        "recipient": _recipient(credential),
        "issuer": {"name": ISSUER_NAME, "description": None, "url": "https://academy.example.org", "id": ISSUER_ID},
        "custom_attributes": credential.custom_attributes,
        "evidence_items": [],
        "references": [],
        "meta_data": credential.meta_data,
    }


def bulk_object(credential: Credential, knobs: Knobs, web: str) -> dict[str, Any]:
    """Return a credential as in a batch: the id is a number, and the group has only a name."""
    return {
        "id": credential.id,
        "approve": credential.approve,
        "recipient": _recipient(credential),
        "issuer": {"name": ISSUER_NAME, "url": "https://academy.example.org", "description": ""},
        "name": credential.group.name,
        "description": f"Earned by completing {credential.group.name}.",
        "issued_on": credential.issued_on.isoformat(),
        "group_name": credential.group.name,
        "url": f"{web}/credentials/{credential.id}",
        "grade": None,
        "complete": True,
        "expired_on": _day(credential.expired_on),
        knobs.attributes_key: credential.custom_attributes or None,
        "course_link": None,
        "meta_data": credential.meta_data or None,
        "evidence_items": [],
        "references": [],
    }


def found_object(credential: Credential) -> dict[str, Any]:
    """Return a credential as a search finds it."""
    return {
        "encoded_id": f"q{credential.id:x}",
        "private": False,
        "recipient_email": credential.email,
        "created_at": credential.created_at.isoformat(),
        "uuid": f"00000000-0000-4000-8000-{credential.id:012d}",
        "custom_attributes": credential.custom_attributes,
        "issuer_id": ISSUER_ID,
        "approve": credential.approve,
        "license_id": credential.own_id,
        "grade": None,
        "meta_data": credential.meta_data,
        "name": credential.group.name,
        "issued_on": credential.issued_on.isoformat(),
        "id": credential.id,
        "recipient_name": credential.name,
        "group": {"course_name": credential.group.name, "name": credential.group.name, "id": credential.group.id},
        "expired_on": _day(credential.expired_on),
        "recipient_id": credential.recipient_id,
    }


def _recipient(credential: Credential) -> dict[str, Any]:
    return {
        "name": credential.name,
        "email": credential.email,
        "id": credential.recipient_id,
        "meta_data": None,
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None
