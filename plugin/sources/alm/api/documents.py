"""Parsers of ALM's learners and badges. Pure.

A document of an undocumented shape raises FailedRequestError, so that nothing is decided by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .json_api import (
    UNSTORABLE,
    Resource,
    attributes_of,
    id_of,
    included,
    object_of,
    primaries,
    related_ids,
    shape_error,
    text_of,
)

_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
MAX_TEXT = 1000
"""Maximum characters of a name."""
MAX_EMAIL = 254
"""Maximum characters of an e-mail address (RFC 5321)."""
MAX_TEMPLATE_ID = 255
"""Maximum characters of a badge template's id in the ledger."""


@dataclass(frozen=True, slots=True)
class LearnerRecord:
    """A user of ALM.

    :param email: lower-cased and trimmed; None if ALM has none.
    :param name: the full name; may be empty.
    :param locale: a BCP 47 tag: the locale of the content, else of the interface.
    :param state: ``ACTIVE``, ``DELETED``, ...
    """

    id: str
    email: str | None
    name: str
    locale: str | None
    state: str


@dataclass(frozen=True, slots=True)
class BadgeRecord:
    """A badge of ALM.

    :param template_id: the badge template at the provider; None for a badge of ALM's own.
    :param provider: as ALM spells it; compare without regard to case.
    """

    id: str
    name: str
    template_id: str | None
    provider: str | None
    state: str


@dataclass(frozen=True, slots=True)
class BadgeTie:
    """A reference to a badge. :param badge: the badge, or None if the document does not include it."""

    id: str
    badge: BadgeRecord | None


def parse_learner(resource: Resource) -> LearnerRecord:
    """Return the learner in a resource. :raises FailedRequestError: the resource is not a user."""
    attributes = attributes_of(resource, "user")
    email = (text_of(attributes, "email") or "").strip().lower()
    locale = _locale(text_of(attributes, "contentLocale")) or _locale(text_of(attributes, "uiLocale"))
    return LearnerRecord(
        id=id_of(resource, "user"),
        email=email if email and len(email) <= MAX_EMAIL else None,
        name=" ".join((text_of(attributes, "name") or "").split())[:MAX_TEXT],
        locale=locale,
        state=text_of(attributes, "state") or "",
    )


def parse_badge(resource: Resource) -> BadgeRecord:
    """Return the badge in a resource. :raises FailedRequestError: the resource is not a badge."""
    attributes = attributes_of(resource, "badge")
    external = attributes.get("externalProvider")
    external = {} if external is None else object_of(external, "badge.externalProvider")
    template = external.get("id")
    if type(template) is int:
        template = str(template)
    if template is not None and not (isinstance(template, str) and _is_id(template)):
        raise shape_error("badge.externalProvider.id")
    return BadgeRecord(
        id=id_of(resource, "badge"),
        name=(text_of(attributes, "name") or "")[:MAX_TEXT],
        template_id=(template or "").strip() or None,
        provider=(text_of(external, "provider") or "").strip() or None,
        state=text_of(attributes, "state") or "",
    )


def badge_tie(resource: Resource, document: Any) -> BadgeTie | None:
    """Return the badge of an instance, a learning object or a skill level, by its ``badge`` relationship.

    :raises FailedRequestError: the relationship or the badge has another shape.
    """
    ids = related_ids(resource, "badge")
    if not ids:
        return None
    badge = included(document, "badge").get(ids[0])
    return BadgeTie(ids[0], None if badge is None else parse_badge(badge))


def account_ids(document: Any) -> Iterator[str]:
    """Yield the account's id of each user on a page of users.

    :raises FailedRequestError: the document is not a page of users.
    """
    for resource in primaries(document):
        yield from related_ids(resource, "account")


def _locale(text: str | None) -> str | None:
    tag = (text or "").strip().replace("_", "-")
    return tag if _LOCALE.match(tag) else None


def _is_id(template: str) -> bool:
    return len(template) <= MAX_TEMPLATE_ID and not UNSTORABLE.search(template)
