"""Lists over all their pages, whatever a provider calls the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from ..errors import TemporaryError

Mark = TypeVar("Mark", int, str)

MAX_PAGES = 1_000
REMEMBERED = 100_000
"""Ids of a list that are compared with what comes: enough to see a circle, or an object that moved on a page."""


class EndlessListError(TemporaryError):
    """Pages that lead back to themselves, or too many of them: what is not on them may still be there."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Mark]):
    """One page of a list.

    :param following: the number or the cursor of the next page, or None on the last one.
    :param total: how many objects the whole list has, where the provider says so.
    """

    items: list[Any]
    following: Mark | None
    total: int | None = None


def walk(
    provider: str,
    fetch: Callable[[Mark], Page[Mark]],
    first: Mark,
    identify: Callable[[Any], str],
    *,
    most: int = MAX_PAGES,
    whole: bool = False,
) -> Iterator[dict[str, Any]]:
    """Every object of a list, each once.

    :param provider: its name, for messages.
    :param fetch: gives one page.
    :param identify: an object's id, or an empty text: then it may be any.
    :param whole: what is not in the list counts as not there: it must have as many objects as the provider counts.
    :raises EndlessListError: the pages do not come to an end.
    """
    mark, asked = first, {first}
    seen: dict[str, None] = {}
    count = 0
    totals: set[int] = set()
    for _ in range(most):
        page = fetch(mark)
        news = _unseen(page.items, seen, identify)
        yield from news
        count += len(news)
        totals.update({page.total} if page.total is not None else ())
        if whole and (len(totals) > 1 or (page.following is None and totals and count < max(totals))):
            raise TemporaryError(
                f"{provider}'s list is not whole: {count} of {max(totals)}, or it changed while it was read"
            )
        if page.following is None or not page.items:
            return
        if not news or page.following in asked:
            raise EndlessListError(f"{provider}'s pages lead back to themselves")
        mark = page.following
        asked.add(mark)
    raise EndlessListError(f"{provider}'s list has more than {most} pages")


def _unseen(items: list[Any], seen: dict[str, None], identify: Callable[[Any], str]) -> list[dict[str, Any]]:
    """The objects that were on no page before, and from now on were."""
    news = []
    for item in items:
        if isinstance(item, dict) and (not (item_id := identify(item)) or item_id not in seen):
            if item_id:
                seen[item_id] = None
            news.append(item)
    for item_id in list(islice(seen, max(0, len(seen) - REMEMBERED))):
        del seen[item_id]
    return news
