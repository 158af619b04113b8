"""Pages of resources, by offset or by cursor, with ``links.next`` as ALM writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from flask import request

from .resources import Json, included
from .world import World

T = TypeVar("T")

MAX_LIMIT = 100
MAX_LIMIT_WITH_INCLUDE = 10
DEFAULT_LIMIT = 10


def page(
    items: Sequence[T], render: Callable[[T], Json], world: World, *, by: Literal["offset", "cursor"] = "offset"
) -> Json:
    """Return a page of resources. :raises ValueError: a paging parameter is not a whole number of 0 or more."""
    include = request.args.get("include", "")
    limit = min(_number("page[limit]", DEFAULT_LIMIT), MAX_LIMIT_WITH_INCLUDE if include else MAX_LIMIT) or 1
    start = _number(f"page[{by}]", 0)
    chosen = [render(item) for item in items[start : start + limit]]
    links = {"self": _link({})}
    if start + limit < len(items):
        links["next"] = _link({"page[limit]": str(limit), f"page[{by}]": str(start + limit)})
    return _with_included({"links": links, "data": chosen}, chosen, include, world)


def single(resource: Json, world: World, *, external: bool = True) -> Json:
    """Return a document of one resource. :param external: included badges name their external provider."""
    document: Json = {"links": {"self": _link({})}, "data": resource}
    return _with_included(document, [resource], request.args.get("include", ""), world, external=external)


def _with_included(document: Json, primary: list[Json], include: str, world: World, *, external: bool = True) -> Json:
    return {**document, "included": included(primary, include, world, external=external)} if include else document


def _number(name: str, default: int) -> int:
    text: Any = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(name)
    return int(text)


def _link(changes: dict[str, str]) -> str:
    query = {**request.args.to_dict(), **changes}
    pairs = "&".join(f"{name}={quote(value, safe=',.')}" for name, value in query.items())
    return request.base_url + (f"?{pairs}" if pairs else "")
