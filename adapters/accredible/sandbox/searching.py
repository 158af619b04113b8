"""The query language of searches: a field, and an operator in brackets after it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from .records import Credential, Refusal
from .world import World

_KEY = re.compile(r"(?P<field>[a-z_.]+)(\[(?P<operator>[a-z]+)\])?")
_FIELDS: dict[str, Callable[[Credential], Any]] = {
    "group.id": lambda each: str(each.group.id),
    "recipient_email": lambda each: each.email.lower(),
    "recipient_id": lambda each: each.recipient_id,
    "recipient_name": lambda each: each.name,
    "license_id": lambda each: each.own_id,
    "approve": lambda each: each.approve,
    "issued_on": lambda each: each.issued_on.isoformat(),
    "expired_on": lambda each: each.expired_on.isoformat() if each.expired_on else "",
    "created_at": lambda each: each.created_at.date().isoformat(),
    "updated_at": lambda each: each.created_at.date().isoformat(),
}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda has, wanted: bool(has == wanted),
    "in": lambda has, wanted: has in wanted,
    "lt": lambda has, wanted: has < wanted,
    "lte": lambda has, wanted: has <= wanted,
    "gt": lambda has, wanted: has > wanted,
    "gte": lambda has, wanted: has >= wanted,
}


def matching(world: World, query: Mapping[str, Any]) -> list[Credential]:
    """Parse a query. :raises Refusal: 400, unknown field or operator."""
    if not world.knobs.search and "license_id" in query:
        return []
    found = world.credentials(
        own_id=str(query.get("license_id") or ""), email=str(query.get("recipient_email") or "")
    )
    for key, wanted in query.items():
        match = _KEY.fullmatch(key)
        field = _FIELDS.get(match["field"]) if match else None
        operator = _OPERATORS.get(match["operator"] or "eq") if match else None
        if field is None or operator is None:
            raise Refusal(400, "invalid_search_query")
        value = [_plain(each) for each in wanted] if isinstance(wanted, list) else _plain(wanted)
        found = [each for each in found if operator(field(each), value)]
    return found


def start_of(page: Mapping[str, Any]) -> int:
    """Return the index of the first result that the page shows.

    :raises Refusal: 400, an unknown cursor, or a cursor with an offset.
    """
    if "cursor" not in page:
        start = page.get("from", 0)
        return start if type(start) is int and start >= 0 else 0
    try:
        if "from" in page:
            raise ValueError
        return int(base64.b64decode(str(page["cursor"]), validate=True))
    except (binascii.Error, ValueError):
        raise Refusal(400, "invalid_search_query") from None


def cursor_after(offset: int) -> str:
    return base64.b64encode(str(offset).encode()).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return str(value).lower() if isinstance(value, (int, str)) else value
