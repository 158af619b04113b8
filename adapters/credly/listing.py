"""Credly's lists, over all pages, and the filters that they take."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ..base import Award, BadgeTemplate, ListedBadge
from ..errors import TemporaryError
from .answers import NotFoundError, unknown_organization
from .client import CredlyClient
from .payloads import MalformedError, parse_badge, parse_page, parse_template, text

log = logging.getLogger(__name__)

MAX_PAGES = 1_000
MAX_BADGE_PAGES = 200_000
"""Of a list of all badges: ten million."""


REMEMBERED = 100_000
"""Ids of a list that are compared with what comes: enough to see a circle, or an object that moved on a page."""


class EndlessListError(TemporaryError):
    """Pages that lead back to themselves, or too many of them: what is not on them may still be there."""


def pages(
    client: CredlyClient,
    path: str,
    filters: str | None = None,
    *,
    sort: str | None = None,
    most: int = MAX_PAGES,
    whole: bool = False,
) -> Iterator[dict[str, Any]]:
    """Every object of a list, each once.

    The page's number is asked for together with our own filter: Credly's ``next_page_url`` may have lost it,
    and may name another host, which must not see the credentials.

    :param whole: what is not in the list counts as not there: it must have as many objects as Credly counts.
    :raises EndlessListError: the pages do not come to an end.
    """
    number = 1
    seen: dict[str, None] = {}
    count = 0
    totals: set[int] = set()
    for _ in range(most):
        params = {"page": str(number)} | ({"filter": filters} if filters else {}) | ({"sort": sort} if sort else {})
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
    raise EndlessListError(f"Credly's list has more than {most} pages")


def _unseen(items: list[Any], seen: dict[str, None]) -> list[dict[str, Any]]:
    """The objects that were on no page before, and from now on were. One without id may be any."""
    news = []
    for item in items:
        if isinstance(item, dict) and (not (item_id := text(item, "id")) or item_id not in seen):
            if item_id:
                seen[item_id] = None
            news.append(item)
    for item_id in list(islice(seen, max(0, len(seen) - REMEMBERED))):
        del seen[item_id]
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


def badge_list(
    client: CredlyClient, organization: str, template_id: str | None, now: Callable[[], float]
) -> Iterator[ListedBadge]:
    """Every issued badge, the oldest first: one that is issued while the pages are read comes after them all.

    :param now: seconds since the epoch, to tell which have expired.
    """
    filters = f"badge_template_id::{template_id}" if template_id and _askable(template_id) else None
    for item in pages(client, f"{organization}/badges", filters, sort="created_at", most=MAX_BADGE_PAGES):
        try:
            badge = parse_badge(item, now())
        except MalformedError as error:
            log.warning("Credly lists %s; it is left out", error)
            continue
        if template_id in (None, badge.template_id):
            email = text(item, "recipient_email").strip().lower()
            yield ListedBadge(badge.id, badge.template_id, badge.state, text(item, "issuer_earner_id"), email)


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
