"""Credly's lists, over all pages, and the filters that they take."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from ..base import Award, BadgeTemplate
from ..errors import TemporaryError
from .answers import NotFoundError, unknown_organization
from .client import CredlyClient
from .payloads import MalformedError, parse_page, parse_template, text

log = logging.getLogger(__name__)

MAX_PAGES = 1_000


class EndlessListError(TemporaryError):
    """Pages that lead back to themselves, or too many of them: what is not on them may still be there."""


def pages(
    client: CredlyClient, path: str, filters: str | None = None, *, whole: bool = False
) -> Iterator[dict[str, Any]]:
    """Every object of a list, each once.

    The page's number is asked for together with our own filter: Credly's ``next_page_url`` may have lost it,
    and may name another host, which must not see the credentials.

    :param whole: what is not in the list counts as not there: it must have as many objects as Credly counts.
    :raises EndlessListError: the pages do not come to an end.
    """
    number = 1
    seen: set[str] = set()
    count = 0
    totals: set[int] = set()
    for _ in range(MAX_PAGES):
        params = {"page": str(number)} | ({"filter": filters} if filters else {})
        try:
            answer = client.get(path, params)
        except NotFoundError:
            raise unknown_organization() from None
        try:
            page = parse_page(answer.data, answer.metadata, number)
        except MalformedError as error:
            raise TemporaryError(f"Credly sent {error}") from None
        news = _unseen(page.items, seen)
        yield from news
        count += len(news)
        totals.update({page.total} if page.total is not None else ())
        if whole and (len(totals) > 1 or (page.next_number is None and totals and count < max(totals))):
            raise TemporaryError(
                f"Credly's list is not whole: {count} of {max(totals)}, or it changed while it was read"
            )
        if page.next_number is None or not page.items:
            return
        if not news or page.next_number <= number:
            raise EndlessListError("Credly's pages lead back to themselves")
        number = page.next_number
    raise EndlessListError(f"Credly's list has more than {MAX_PAGES} pages")


def _unseen(items: list[Any], seen: set[str]) -> list[dict[str, Any]]:
    """The objects that were on no page before, and from now on were. One without id may be any."""
    news = []
    for item in items:
        if isinstance(item, dict) and (not (item_id := text(item, "id")) or item_id not in seen):
            seen.update({item_id} - {""})
            news.append(item)
    return news


def template_list(client: CredlyClient, organization: str) -> Iterator[BadgeTemplate]:
    """Every readable template; one that is not is left out.

    :raises TemporaryError: the list cannot be read to its end, so nobody can say what is no longer there.
    """
    for item in pages(client, f"{organization}/badge_templates", whole=True):
        try:
            yield parse_template(item)
        except MalformedError as error:
            log.warning("Credly sent %s; it is left out", error)


def badge_filters(award: Award) -> list[str]:
    """Filters that find the badge of an award, the surest first.

    The grammar (``key::value|key::value``, lists with commas) has no escapes, so a value with such characters
    cannot be asked for.
    """
    template = f"badge_template_id::{award.template_id}" if _askable(award.template_id) else ""
    people = {"issuer_earner_id": award.recipient.earner_id, "recipient_email": award.recipient.email.strip()}
    asked = [f"{key}::{value}" for key, value in people.items() if value and _askable(value)]
    return ["|".join(filter(None, (person, template))) for person in asked or [""]]


def _askable(value: str) -> bool:
    return not any(mark in value for mark in ("|", ",", "::", '"')) and not value.startswith(":")
