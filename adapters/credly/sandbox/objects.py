"""Credly's JSON of badges, templates and organizations."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache
from typing import Any

from .records import Badge, Organization, Template, slug_of, stable_id

_API = "https://api.credly.com/api/v1"
_WEB = "https://www.credly.com"


def extended(document: dict[str, Any]) -> dict[str, Any]:
    """Add an unknown field, as Credly may at any time."""
    return {**document, f"x_{secrets.token_hex(3)}": secrets.token_hex(2)}


def organization_object(organization: Organization) -> dict[str, Any]:
    return extended(
        {
            "id": organization.id,
            "name": organization.name,
            "website_url": f"https://{organization.slug}.example.org",
            "webhook_url": None,
            "contact_email": f"badges@{organization.slug}.example.org",
            "organization_type": "education",
            "vanity_slug": organization.slug,
            "vanity_url": f"{_WEB}/org/{organization.slug}",
            "verified": False,
            "featured_badge_templates": [],
        }
    )


def template_object(template: Template, organization: Organization, *, duplicates: bool) -> dict[str, Any]:
    return extended({**_template(template, organization, duplicates), "reporting_tags": []})


def badge_object(
    badge: Badge, organization: Organization, *, duplicates: bool, full_user: bool, web: str
) -> dict[str, Any]:
    """Return a badge as Credly shows it.

    :param web: base URL of the pages that the badge's own addresses lead to.
    """
    issuer = _issuer(organization)
    template = _template(badge.template, organization, duplicates)
    document: dict[str, Any] = {
        "user": _user(badge) if full_user or badge.state == "accepted" else {},
        "created_by": issuer,
        "issuer": {
            "summary": f"issued by {organization.name}",
            "entities": [{"label": "Issued by", "primary": True, "entity": issuer}],
        },
        "printing_enabled": False,
        "print_method": None,
        "badge_template": template,
        "id": badge.id,
        "issued_to": f"{badge.first_name} {badge.last_name}",
        "issued_to_first_name": badge.first_name,
        "issued_to_middle_name": badge.middle_name,
        "issued_to_last_name": badge.last_name,
        "issuer_earner_id": badge.earner_id,
        "locale": badge.locale,
        "public": badge.state == "accepted",
        "recipient_email": badge.recipient_email,
        "replacement_badge_id": badge.replacement_badge_id,
        "replaces_badge_id": badge.replaces_badge_id,
        "revocation_reason": badge.revocation_reason,
        "state": badge.state,
        "suppress_badge_notification_email": badge.suppressed,
        "updated_at": zulu(badge.state_updated_at or badge.created_at),
        "country": badge.country,
        "country_code": None,
        "state_or_province": badge.state_or_province,
        "created_at": zulu(badge.created_at),
        "expires_at": zulu(badge.expires_at),
        "expires_at_date": badge.expires_at and badge.expires_at.date().isoformat(),
        "issued_at": zulu(badge.issued_at),
        "issued_at_date": badge.issued_at.date().isoformat(),
        "state_updated_at": zulu(badge.state_updated_at),
        "image": template["image"],
        "image_url": template["image_url"],
        "alignments": [],
        "evidence": [
            {"id": stable_id(f"{badge.id} evidence {number}"), **item}
            for number, item in enumerate(badge.evidence or [])
            if isinstance(item, dict)
        ],
    }
    if badge.state == "pending" or (badge.state == "accepted" and badge.replaces_badge_id):
        document["accept_badge_url"] = f"{web}/badges/{badge.id}/accept"
    if badge.state == "accepted":
        document["badge_url"] = f"{web}/badges/{badge.id}"
    return extended(document)


def zulu(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z" if moment else None


def _user(badge: Badge) -> dict[str, Any]:
    user_id = stable_id(f"user {badge.recipient_email.lower()}")
    return {
        "id": user_id,
        "email": f"{user_id}@example.com",
        "first_name": badge.first_name,
        "last_name": badge.last_name,
        "confirmed": badge.state == "accepted",
        "url": f"{_WEB}/users/{user_id}",
    }


@lru_cache(maxsize=4096)
def _issuer(organization: Organization) -> dict[str, Any]:
    """Return the issuer as Credly shows it. Callers share the result and must not change it."""
    owner = _owner(organization)
    fields = ("type", "id", "name", "url", "vanity_url", "verified")
    return {**{field: owner[field] for field in fields}, "share_to_ziprecruiter": False}


def _owner(organization: Organization) -> dict[str, Any]:
    return {
        "type": "Organization",
        "id": organization.id,
        "name": organization.name,
        "enable_blockchain": False,
        "url": f"{_API}/organizations/{organization.id}",
        "vanity_url": f"{_WEB}/org/{organization.slug}",
        "vanity_slug": organization.slug,
        "verified": False,
        "viewable": True,
    }


@lru_cache(maxsize=4096)
def _template(template: Template, organization: Organization, duplicates: bool) -> dict[str, Any]:
    """Return a template as Credly shows it. Callers share the result and must not change it."""
    slug, image_id = slug_of(template.name), stable_id(f"{template.id} image {template.image or ''}".strip())
    has_image = template.state != "draft"
    image_url = f"https://images.credly.com/images/{image_id}/badge.png" if has_image else None
    return {
        "id": template.id,
        "allow_duplicate_badges": duplicates,
        "cost": None,
        "description": f"Earned by completing {template.name}.",
        "default_expires_at": None,
        "default_expires_at_date": None,
        "default_expires_at_type": None,
        "global_activity_url": f"https://academy.example.org/criteria/{slug}" if has_image else None,
        "level": "Foundational",
        "lock_badge_state": False,
        "name": template.name,
        "state": template.state,
        "public": True,
        "recipient_type": "User",
        "vanity_slug": slug,
        "time_to_earn": "Days",
        "type_category": "Learning",
        "visibility": "public",
        "state_updated_at": None,
        "created_at": "2026-01-05T10:00:00.000Z",
        "updated_at": "2026-02-01T10:00:00.000Z",
        "image": {"id": image_id, "url": image_url} if has_image else None,
        "image_url": image_url,
        "url": f"{_WEB}/org/{organization.slug}/badge/{slug}",
        "owner": _owner(organization),
        "alignments": [],
        "recommendations": [],
        "required_badge_templates": [],
        "badge_template_activities": [],
        "skills": ["Lab Safety", "Risk Assessment", "PPE"],
    }
