"""Build and parse Credly's JSON. Pure functions; unknown fields are ignored, as Credly asks of its clients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args
from urllib.parse import parse_qs, urlsplit

from ..errors import RejectedError
from ..http.json_values import MalformedError, moment, text, web_address
from ..http.paging import Page
from ..values import Award, BadgeState, BadgeTemplate, IssuedBadge, TemplateState

LOCALES = ("en", "fr", "de", "ko", "ja", "zh-CN", "pt", "es-ES", "es-US", "fr-CA", "pt-BR")
"""The languages of Credly's e-mails: https://www.credly.com/docs/issued_badges."""

_BY_LOWER = {locale.lower(): locale for locale in LOCALES}
_SPAIN = {"es", "ea", "ic", "gq"}
_TRADITIONAL = {"hant", "tw", "hk", "mo"}

_OTHER_WORDS: dict[str, BadgeState] = {"rejected": "declined"}


def issue_item(award: Award) -> dict[str, Any]:
    """Return the body of a new badge, which is also an item of a batch.

    ``duplicate_behavior: deny`` makes Credly refuse a second badge instead of issuing it.

    :raises RejectedError: ``missing_email`` or ``missing_name``: Credly requires them.
    """
    email = award.recipient.email.strip()
    if not email:
        raise RejectedError("missing_email", "Credly needs the learner's e-mail address; it is empty")
    return {"recipient_email": email, **_facts(award), **_locale(award), "duplicate_behavior": "deny"}


def replace_item(award: Award) -> dict[str, Any]:
    """Return the body that replaces a badge; the recipient stays the same.

    :raises RejectedError: ``missing_name``.
    """
    return _facts(award)


def _facts(award: Award) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "badge_template_id": award.template_id,
        "issued_at": timestamp(award.issued_at),
        "issuer_earner_id": award.recipient.earner_id,
    }
    for field in ("first_name", "last_name"):
        name = getattr(award.recipient, field).strip()
        if not name:
            raise RejectedError("missing_name", f"Credly needs a first and a last name; {field} is empty")
        facts[f"issued_to_{field}"] = name
    if award.expires_at is not None:
        facts["expires_at"] = timestamp(award.expires_at)
    return facts


def _locale(award: Award) -> dict[str, str]:
    locale = credly_locale(award.recipient.locale)
    return {"locale": locale} if locale else {}


def credly_locale(tag: str | None) -> str | None:
    """Return Credly's locale for a BCP 47 tag, or None if it has none; then its default, English, applies.

    The region decides if Credly has it, otherwise the language: ``fr-FR`` gives ``fr``. Spanish of the Americas gives
    ``es-US``. Traditional Chinese gives None: Credly's Chinese is simplified.
    """
    language, *subtags = (tag or "").strip().replace("_", "-").lower().split("-")
    parts = set(subtags)
    if language == "es":
        return "es-ES" if not parts or parts & _SPAIN else "es-US"
    if language == "zh":
        return None if parts & _TRADITIONAL and "hans" not in parts else "zh-CN"
    for region in subtags:
        if exact := _BY_LOWER.get(f"{language}-{region}"):
            return exact
    return _BY_LOWER.get(language)


def timestamp(moment: datetime) -> str:
    """Format a time in UTC as Credly documents it: ``2026-03-02 13:05:00 +0000``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000")


def parse_badge(data: Any, now: float, *, existed: bool = False) -> IssuedBadge:
    """Parse a badge.

    Credly has no state for replaced and expired badges; other fields say so. A state that Credly may add later
    counts as ``pending``.

    :param now: seconds since the epoch, to find expired badges.
    :raises MalformedError: the badge has no id or no state.
    """
    badge_id, word = text(data, "id"), text(data, "state")
    if not (badge_id and word):
        raise MalformedError("a badge without id or state")
    expires_at = moment(data.get("expires_at"))
    state = _OTHER_WORDS.get(word, cast(BadgeState, word) if word in get_args(BadgeState) else "pending")
    if state != "revoked":
        if text(data, "replacement_badge_id"):
            state = "replaced"
        elif expires_at is not None and expires_at.timestamp() <= now and state != "replaced":
            state = "expired"
    accept, public = web_address(data.get("accept_badge_url")), web_address(data.get("badge_url"))
    return IssuedBadge(
        id=badge_id,
        template_id=template_of(data),
        state=state,
        url=(accept or public) if word == "pending" else (public or accept),
        issued_at=moment(data.get("issued_at")),
        expires_at=expires_at,
        existed=existed,
    )


def template_of(data: Mapping[str, Any]) -> str:
    """Return the id of a badge's template, or an empty text."""
    return text(data.get("badge_template"), "id") or text(data, "badge_template_id")


def belongs_to(data: Any, award: Award) -> bool:
    """Return whether a badge is the award's: same template, and same earner's id or address."""
    if not isinstance(data, dict) or template_of(data) != award.template_id:
        return False
    same_earner = bool(award.recipient.earner_id) and text(data, "issuer_earner_id") == award.recipient.earner_id
    email = award.recipient.email.strip().lower()
    return same_earner or (bool(email) and text(data, "recipient_email").strip().lower() == email)


def parse_template(data: Any) -> BadgeTemplate:
    """Parse a badge template. A state that Credly may add later counts as ``draft``.

    :raises MalformedError: the template has no id or no name.
    """
    template_id, name, state = text(data, "id"), text(data, "name"), text(data, "state")
    if not (template_id and name):
        raise MalformedError("a badge template without id or name")
    return BadgeTemplate(
        id=template_id,
        name=name,
        state=cast(TemplateState, state) if state in get_args(TemplateState) else "draft" if state else "active",
        description=text(data, "description"),
        image_url=web_address(data.get("image_url")),
        url=web_address(data.get("url")),
        allows_duplicates=data.get("allow_duplicate_badges") is True,
        created_at=moment(data.get("created_at")),
    )


def parse_page(data: Any, metadata: Mapping[str, Any], number: int) -> Page[int]:
    """Parse one page of a list. Only the number of ``next_page_url`` is used: its host and path are not trusted.

    :param number: of this page.
    :raises MalformedError: ``data`` is not a list.
    """
    if not isinstance(data, list):
        raise MalformedError("a page that is not a list")
    counted = metadata.get("total_count")
    total = counted if type(counted) is int else None
    address = metadata.get("next_page_url")
    if not (isinstance(address, str) and address):
        return Page(data, None, total)
    try:
        numbers = parse_qs(urlsplit(address).query).get("page", [])
        return Page(data, int(numbers[0]) if numbers else number + 1, total)
    except ValueError:
        return Page(data, number + 1, total)
