"""Lists over all their pages, by number, cursor or link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from ..errors import TemporaryError

Mark = TypeVar("Mark", int, str)
"""Identifies a page: its number, cursor or path."""

Fetched = TypeVar("Fetched")

MAX_PAGES = 1_000
"""Maximum pages of one list, unless the adapter says otherwise."""

REMEMBERED = 100_000
"""Ids of a list that are remembered, to notice a circle or an object that moved to another page."""


class EndlessListError(TemporaryError):
    """The pages lead in a circle, or there are too many: an object that was not seen may still exist."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Mark]):
    """One page of a list.

    :param following: the next page, or None on the last one.
    :param total: number of objects in the whole list, if the provider states it.
    """

    items: list[Any]
    following: Mark | None
    total: int | None = None


def follow(
    provider: str,
    fetch: Callable[[Mark], Fetched],
    first: Mark,
    following: Callable[[Fetched], Mark | None],
    *,
    most: int = MAX_PAGES,
) -> Iterator[Fetched]:
    """Yield each page.

    :param provider: its name, for messages.
    :param fetch: returns one page.
    :param following: returns the page after a page, or None on the last one; called once the page was used.
    :param most: maximum number of pages.
    :raises EndlessListError: the pages do not come to an end.
    """
    mark, asked = first, {first}
    for _ in range(most):
        page = fetch(mark)
        yield page
        after = following(page)
        if after is None:
            return
        if after in asked:
            raise EndlessListError(f"{provider}'s pages lead in a circle")
        mark = after
        asked.add(mark)
    raise EndlessListError(f"{provider}'s list has more than {most} pages")


def walk(
    provider: str,
    fetch: Callable[[Mark], Page[Mark]],
    first: Mark,
    identify: Callable[[Any], str],
    *,
    most: int = MAX_PAGES,
    whole: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield every object of a list, each once.

    :param provider: its name, for messages.
    :param fetch: returns one page.
    :param identify: returns an object's id, or an empty text if it has none; such an object is always yielded.
    :param whole: the list must have as many objects as the provider counts, because the caller treats a missing
        object as deleted.
    :raises EndlessListError: the pages do not come to an end.
    :raises TemporaryError: ``whole``, and objects are missing.
    """
    seen: dict[str, None] = {}
    count = 0
    totals: set[int] = set()
    for page in follow(provider, fetch, first, lambda page: page.following if page.items else None, most=most):
        news = _unseen(page.items, seen, identify)
        yield from news
        count += len(news)
        totals.update({page.total} if page.total is not None else ())
        if whole and (len(totals) > 1 or (page.following is None and totals and count < max(totals))):
            raise TemporaryError(
                f"{provider}'s list is not whole: {count} of {max(totals)}, or it changed while it was read"
            )
        if page.items and page.following is not None and not news:
            raise EndlessListError(f"{provider}'s pages lead in a circle")


def _unseen(items: list[Any], seen: dict[str, None], identify: Callable[[Any], str]) -> list[dict[str, Any]]:
    """Return the objects that are not in ``seen``, and add them to it."""
    news = []
    for item in items:
        if isinstance(item, dict) and (not (item_id := identify(item)) or item_id not in seen):
            if item_id:
                seen[item_id] = None
            news.append(item)
    for item_id in list(islice(seen, max(0, len(seen) - REMEMBERED))):
        del seen[item_id]
    return news
