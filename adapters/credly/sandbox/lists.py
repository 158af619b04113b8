"""Filters, order and pages of Credly's lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")

_BRACKETED = re.compile(r"filter\[(?P<key>.+)\]")


@dataclass(frozen=True, slots=True)
class Question:
    """The query of a list: filters (key to accepted values), sort keys, page number."""

    filters: Mapping[str, list[str]]
    sort: list[str]
    page: int
    raw: Mapping[str, str]


def question(arguments: Mapping[str, str]) -> Question:
    """Parse the query: ``filter=key::value|key::v1,v2`` and ``filter[key]=value`` alike."""
    filters: dict[str, list[str]] = {}
    for part in arguments.get("filter", "").split("|"):
        key, separator, value = part.partition("::")
        if separator:
            filters[key] = value.split(",")
    for name, value in arguments.items():
        if match := _BRACKETED.fullmatch(name):
            filters[match["key"]] = value.split(",")
    number = arguments.get("page", "1")
    return Question(
        filters,
        [key for key in arguments.get("sort", "").split("|") if key],
        max(int(number), 1) if number.isascii() and number.isdigit() else 1,
        {name: value for name, value in arguments.items() if name.startswith("filter") or name == "sort"},
    )


def matching(items: Sequence[T], asked: Question, tests: Mapping[str, Callable[[T, str], bool]]) -> list[T]:
    """Return the objects that pass every known filter; unknown filters are ignored, as at Credly."""
    return [
        item
        for item in items
        if all(
            any(tests[key](item, value) for value in values) for key, values in asked.filters.items() if key in tests
        )
    ]


def ordered(items: list[T], asked: Question, keys: Mapping[str, Callable[[T], Any]]) -> list[T]:
    for name in reversed(asked.sort):
        key = keys.get(name.removeprefix("-"))
        if key is not None:
            items = sorted(items, key=key, reverse=name.startswith("-"))
    return items


def page_of(
    items: list[T], asked: Question, size: int, address: str, *, keep: bool
) -> tuple[list[T], dict[str, Any]]:
    """Return the page and its metadata.

    :param address: of the list, for the neighbours' URLs.
    :param keep: whether these URLs keep filter and sort.
    """
    pages = max(-(-len(items) // size), 1)
    shown = items[(asked.page - 1) * size : asked.page * size]

    def url(number: int) -> str | None:
        kept = asked.raw if keep else {}
        return f"{address}?{urlencode({'page': number, **kept})}" if 1 <= number <= pages else None

    return shown, {
        "count": len(shown),
        "current_page": asked.page,
        "total_count": len(items),
        "total_pages": pages,
        "per": size,
        "previous_page_url": url(asked.page - 1),
        "next_page_url": url(asked.page + 1),
    }
