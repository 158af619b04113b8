"""Badgr's JSON of issuers, badge classes and assertions."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from .knobs import Knobs
from .records import FIRST_ISSUER, ISSUER_NAME, Assertion, BadgeClass, stable_id

_USER = stable_id("user")
_MADE = "2026-01-05T10:00:00Z"


def _entity(kind: str, id_: str, knobs: Knobs) -> dict[str, Any]:
    hosted = {"id": hashlib.sha256(id_.encode()).hexdigest()[:24]} if knobs.hosted_ids else {}
    return {"entityType": kind, "entityId": id_, **hosted, "createdBy": _USER}


def issuer_object(base: str, knobs: Knobs) -> dict[str, Any]:
    """Return the issuer as Badgr shows it.

    :param base: base URL of the public pages.
    """
    return {
        **_entity("Issuer", FIRST_ISSUER, knobs),
        "openBadgeId": f"{base}/public/issuers/{FIRST_ISSUER}",
        "createdAt": _MADE,
        "name": ISSUER_NAME,
        "email": "badges@academy.example.org",
        "url": "https://academy.example.org",
        "description": None,
        "image": None,
        "extensions": {},
    }


def class_object(badge_class: BadgeClass, base: str, knobs: Knobs, expires: Any) -> dict[str, Any]:
    return {
        **_entity("BadgeClass", badge_class.id, knobs),
        "openBadgeId": f"{base}/public/badges/{badge_class.id}",
        "createdAt": _MADE,
        "issuer": FIRST_ISSUER,
        "issuerOpenBadgeId": f"{base}/public/issuers/{FIRST_ISSUER}",
        "name": badge_class.name,
        "image": f"{base}/media/uploads/badges/{badge_class.id}.png",
        "description": f"Earned by completing {badge_class.name}.",
        "criteriaUrl": None,
        "criteriaNarrative": "Complete the course.",
        "alignments": [],
        "tags": [],
        "expires": expires,
        "extensions": {},
    }


def assertion_object(assertion: Assertion, base: str, knobs: Knobs) -> dict[str, Any]:
    return {
        **_entity("Assertion", assertion.id, knobs),
        "openBadgeId": f"{base}/public/assertions/{assertion.id}",
        "createdAt": _zulu(assertion.created_at),
        "badgeclass": assertion.badge_class.id,
        "badgeclassOpenBadgeId": f"{base}/public/badges/{assertion.badge_class.id}",
        "issuer": FIRST_ISSUER,
        "issuerOpenBadgeId": f"{base}/public/issuers/{FIRST_ISSUER}",
        "image": f"{base}/media/uploads/badges/assertion-{assertion.id}.png",
        "recipient": _recipient(assertion, knobs),
        "issuedOn": _zulu(assertion.issued_at),
        "narrative": assertion.narrative,
        "evidence": assertion.evidence,
        "revoked": assertion.revocation_reason is not None,
        "revocationReason": assertion.revocation_reason,
        "acceptance": assertion.acceptance,
        "expires": assertion.expires_at and _zulu(assertion.expires_at),
        "extensions": {},
    }


def public_object(assertion: Assertion, base: str) -> dict[str, Any]:
    """Return the Open Badges 2.0 document; a revoked one has fewer fields."""
    url = f"{base}/public/assertions/{assertion.id}"
    head = {"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": url}
    if assertion.revocation_reason is not None:
        return {**head, "revoked": True, "revocationReason": assertion.revocation_reason}
    return {
        **head,
        "badge": f"{base}/public/badges/{assertion.badge_class.id}",
        "recipient": _recipient(assertion, Knobs(plaintext=False)),
        "issuedOn": _zulu(assertion.issued_at),
        "verification": {"type": "HostedBadge"},
    }


def _recipient(assertion: Assertion, knobs: Knobs) -> dict[str, Any]:
    if not assertion.hashed:
        return {"identity": assertion.identity, "hashed": False, "type": assertion.type}
    digest = hashlib.sha256((assertion.identity + assertion.salt).encode()).hexdigest()
    return {
        "identity": f"sha256${digest}",
        "hashed": True,
        "type": assertion.type,
        **({"plaintextIdentity": assertion.identity} if knobs.plaintext else {}),
        **({"salt": assertion.salt} if assertion.salt else {}),
    }


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
