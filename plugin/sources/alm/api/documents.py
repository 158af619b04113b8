"""Parsers of ALM's JSON:API documents. Pure.

A document of an undocumented shape raises FailedRequestError, so that nothing is decided by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import FailedRequestError

_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_TEXT = 1000
"""Maximum characters of a name."""
MAX_EMAIL = 254
"""Maximum characters of an e-mail address (RFC 5321)."""
MAX_TEMPLATE_ID = 255
"""Maximum characters of a badge template's id in the ledger."""

Resource = Mapping[str, Any]


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


def primary(document: Any) -> Resource:
    """Return the document's resource. :raises FailedRequestError: ``data`` is not one resource."""
    return _resource(_object(document, "document").get("data"), "data")


def primaries(document: Any) -> list[Resource]:
    """Return the document's resources. :raises FailedRequestError: ``data`` is not a list of resources."""
    return _resources(_object(document, "document").get("data"), "data")


def included(document: Any, kind: str) -> dict[str, Resource]:
    """Return the included resources of one type, by id.

    :raises FailedRequestError: ``included`` is present and is not a list of resources.
    """
    found = _object(document, "document").get("included")
    if found is None:
        return {}
    return {
        _id(resource, "included"): resource
        for resource in _resources(found, "included")
        if resource.get("type") == kind
    }


def next_link(document: Any) -> str | None:
    """Return the link to the next page, or None on the last page.

    :raises FailedRequestError: ``links`` has another shape.
    """
    links = _object(document, "document").get("links")
    if links is None:
        return None
    link = _object(links, "links").get("next")
    if isinstance(link, Mapping):
        link = link.get("href")
    if link is None or link == "":
        return None
    if not isinstance(link, str):
        raise _shape("links.next")
    return link


def related_ids(resource: Resource, name: str) -> list[str]:
    """Return the ids in a relationship, to one or to many; none if it is absent or empty.

    :raises FailedRequestError: the relationship has another shape.
    """
    where = f"relationships.{name}"
    relationship = _object(resource.get("relationships") or {}, "relationships").get(name)
    if relationship is None:
        return []
    data = _object(relationship, where).get("data")
    if data is None:
        return []
    if isinstance(data, list):
        return [_id(item, where) for item in _resources(data, where)]
    return [_id(_resource(data, where), where)]


def parse_learner(resource: Resource) -> LearnerRecord:
    """Return the learner in a resource. :raises FailedRequestError: the resource is not a user."""
    attributes = _attributes(resource, "user")
    email = (_text(attributes, "email") or "").strip().lower()
    locale = _locale(_text(attributes, "contentLocale")) or _locale(_text(attributes, "uiLocale"))
    return LearnerRecord(
        id=_id(resource, "user"),
        email=email if email and len(email) <= MAX_EMAIL else None,
        name=" ".join((_text(attributes, "name") or "").split())[:MAX_TEXT],
        locale=locale,
        state=_text(attributes, "state") or "",
    )


def parse_badge(resource: Resource) -> BadgeRecord:
    """Return the badge in a resource. :raises FailedRequestError: the resource is not a badge."""
    attributes = _attributes(resource, "badge")
    external = attributes.get("externalProvider")
    external = {} if external is None else _object(external, "badge.externalProvider")
    template = external.get("id")
    if type(template) is int:
        template = str(template)
    if template is not None and not (isinstance(template, str) and _is_id(template)):
        raise _shape("badge.externalProvider.id")
    return BadgeRecord(
        id=_id(resource, "badge"),
        name=(_text(attributes, "name") or "")[:MAX_TEXT],
        template_id=(template or "").strip() or None,
        provider=(_text(external, "provider") or "").strip() or None,
        state=_text(attributes, "state") or "",
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


def number(resource: Resource, key: str) -> int | None:
    """Return a whole number of the attributes, which ALM also writes as text, or None if it is absent."""
    value = _object(resource.get("attributes") or {}, "attributes").get(key)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 10:
        return int(value)
    return value if type(value) is int else None


def attribute(resource: Resource, key: str) -> Any:
    """Return the value of an attribute, or None if it is absent."""
    return _object(resource.get("attributes") or {}, "attributes").get(key)


def account_ids(document: Any) -> Iterator[str]:
    """Yield the account's id of each user on a page of users.

    :raises FailedRequestError: the document is not a page of users.
    """
    for resource in primaries(document):
        yield from related_ids(resource, "account")


def _attributes(resource: Resource, kind: str) -> Mapping[str, Any]:
    if resource.get("type") != kind:
        raise _shape(f"{kind}.type")
    return _object(resource.get("attributes") or {}, f"{kind}.attributes")


def _resources(value: Any, where: str) -> list[Resource]:
    if not isinstance(value, list):
        raise _shape(where)
    return [_resource(item, where) for item in value]


def _resource(value: Any, where: str) -> Resource:
    resource = _object(value, where)
    _id(resource, where)
    return resource


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _shape(where)
    return value


def _id(resource: Resource, where: str) -> str:
    value = resource.get("id")
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value or _UNSTORABLE.search(value):
        raise _shape(f"{where}.id")
    return value


def _text(attributes: Mapping[str, Any], key: str) -> str | None:
    value = attributes.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _shape(key)
    return _UNSTORABLE.sub("", value)


def _locale(text: str | None) -> str | None:
    tag = (text or "").strip().replace("_", "-")
    return tag if _LOCALE.match(tag) else None


def _is_id(template: str) -> bool:
    return len(template) <= MAX_TEMPLATE_ID and not _UNSTORABLE.search(template)


def _shape(where: str) -> FailedRequestError:
    return FailedRequestError(f"ALM's answer is not understood: {where} has another shape than documented")
