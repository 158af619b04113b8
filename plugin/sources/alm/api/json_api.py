"""Readers of JSON:API documents, as ALM writes them. Pure.

https://jsonapi.org/format/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import FailedRequestError

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""Characters that no database stores in text."""

Resource = Mapping[str, Any]


def primary(document: Any) -> Resource:
    """Return the document's resource. :raises FailedRequestError: ``data`` is not one resource."""
    return _resource(object_of(document, "document").get("data"), "data")


def primaries(document: Any) -> list[Resource]:
    """Return the document's resources. :raises FailedRequestError: ``data`` is not a list of resources."""
    return _resources(object_of(document, "document").get("data"), "data")


def included(document: Any, kind: str) -> dict[str, Resource]:
    """Return the included resources of one type, by id.

    :raises FailedRequestError: ``included`` is present and is not a list of resources.
    """
    found = object_of(document, "document").get("included")
    if found is None:
        return {}
    return {
        id_of(resource, "included"): resource
        for resource in _resources(found, "included")
        if resource.get("type") == kind
    }


def next_link(document: Any) -> str | None:
    """Return the link to the next page, or None on the last page.

    :raises FailedRequestError: ``links`` has another shape.
    """
    links = object_of(document, "document").get("links")
    if links is None:
        return None
    link = object_of(links, "links").get("next")
    if isinstance(link, Mapping):
        link = link.get("href")
    if link is None or link == "":
        return None
    if not isinstance(link, str):
        raise shape_error("links.next")
    return link


def related_ids(resource: Resource, name: str) -> list[str]:
    """Return the ids in a relationship, to one or to many; none if it is absent or empty.

    :raises FailedRequestError: the relationship has another shape.
    """
    where = f"relationships.{name}"
    relationship = object_of(resource.get("relationships") or {}, "relationships").get(name)
    if relationship is None:
        return []
    data = object_of(relationship, where).get("data")
    if data is None:
        return []
    if isinstance(data, list):
        return [id_of(item, where) for item in _resources(data, where)]
    return [id_of(_resource(data, where), where)]


def number(resource: Resource, key: str) -> int | None:
    """Return a whole number of the attributes, which ALM also writes as text, or None if it is absent."""
    value = object_of(resource.get("attributes") or {}, "attributes").get(key)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 10:
        return int(value)
    return value if type(value) is int else None


def attribute(resource: Resource, key: str) -> Any:
    """Return the value of an attribute, or None if it is absent."""
    return object_of(resource.get("attributes") or {}, "attributes").get(key)


def attributes_of(resource: Resource, kind: str) -> Mapping[str, Any]:
    """Return the attributes of a resource. :raises FailedRequestError: its type is another than ``kind``."""
    if resource.get("type") != kind:
        raise shape_error(f"{kind}.type")
    return object_of(resource.get("attributes") or {}, f"{kind}.attributes")


def text_of(attributes: Mapping[str, Any], key: str) -> str | None:
    """Return a text of the attributes, or None if it is absent. :raises FailedRequestError: it is not a text."""
    value = attributes.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise shape_error(key)
    return UNSTORABLE.sub("", value)


def id_of(resource: Resource, where: str) -> str:
    """Return the id of a resource. :raises FailedRequestError: the id is missing or not storable."""
    value = resource.get("id")
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value or UNSTORABLE.search(value):
        raise shape_error(f"{where}.id")
    return value


def object_of(value: Any, where: str) -> Mapping[str, Any]:
    """Return a JSON object. :raises FailedRequestError: the value is not an object."""
    if not isinstance(value, Mapping):
        raise shape_error(where)
    return value


def shape_error(where: str) -> FailedRequestError:
    """Return the error for a part of an answer that has another shape than documented."""
    return FailedRequestError(f"ALM's answer is not understood: {where} has another shape than documented")


def _resources(value: Any, where: str) -> list[Resource]:
    if not isinstance(value, list):
        raise shape_error(where)
    return [_resource(item, where) for item in value]


def _resource(value: Any, where: str) -> Resource:
    resource = object_of(value, where)
    id_of(resource, where)
    return resource
