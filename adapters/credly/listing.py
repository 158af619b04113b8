"""Credly's lists, over all pages, and their filters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import TemporaryError
from ..http.json_values import MalformedError, email, text
from ..http.paging import MAX_PAGES, Page, walk
from ..http.statuses import NotFoundError
from ..values import Award, BadgeTemplate, ListedBadge
from .client import CredlyClient
from .payloads import parse_badge, parse_page, parse_template
from .responses import unknown_organization

log = logging.getLogger(__name__)

MAX_BADGE_PAGES = 200_000
"""Maximum pages of a list of all badges: ten million badges."""


def pages(
    client: CredlyClient,
    path: str,
    filters: str | None = None,
    *,
    sort: str | None = None,
    most: int = MAX_PAGES,
    whole: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield every object of a list, each once.

    Each page is requested by its number and our filter. Credly's ``next_page_url`` is not followed: it may lack the
    filter, and may name another host, which must not see the credentials.

    :param whole: the list must have as many objects as Credly counts, because a missing one counts as deleted.
    :raises EndlessListError: the pages do not come to an end.
    """

    def fetch(number: int) -> Page[int]:
        params = {"page": str(number)} | ({"filter": filters} if filters else {}) | ({"sort": sort} if sort else {})
        try:
            answer = client.get(path, params)
        except NotFoundError:
            raise unknown_organization() from None
        try:
            return parse_page(answer.data, answer.metadata, number)
        except MalformedError as error:
            raise TemporaryError(f"Credly sent {error}") from None

    return walk("Credly", fetch, 1, lambda item: text(item, "id"), most=most, whole=whole)


def template_list(client: CredlyClient, organization: str) -> Iterator[BadgeTemplate]:
    """Yield every readable badge template; skip the others.

    :raises TemporaryError: the list cannot be read to its end.
    """
    for item in pages(client, f"{organization}/badge_templates", whole=True):
        try:
            yield parse_template(item)
        except MalformedError as error:
            log.warning("Credly sent %s; it is skipped", error)


def badge_list(
    client: CredlyClient, organization: str, template_id: str | None, now: Callable[[], float]
) -> Iterator[ListedBadge]:
    """Yield every issued badge, the oldest first, so that a badge issued during the reading comes last.

    :param now: returns seconds since the epoch, to find expired badges.
    """
    filters = f"badge_template_id::{template_id}" if template_id and _askable(template_id) else None
    for item in pages(client, f"{organization}/badges", filters, sort="created_at", most=MAX_BADGE_PAGES):
        try:
            badge = parse_badge(item, now())
        except MalformedError as error:
            log.warning("Credly lists %s; it is skipped", error)
            continue
        if template_id in (None, badge.template_id):
            earner, address = text(item, "issuer_earner_id"), email(item, "recipient_email")
            yield ListedBadge(badge.id, badge.template_id, badge.state, earner, address)


def badge_filters(award: Award) -> list[str]:
    """Return filters that find the badge of an award, the most reliable first.

    The grammar (``key::value|key::value``, lists with commas) has no escapes, so values with these characters
    cannot be searched.
    """
    template = f"badge_template_id::{award.template_id}" if _askable(award.template_id) else ""
    people = {"issuer_earner_id": award.recipient.earner_id, "recipient_email": award.recipient.email.strip()}
    asked = [f"{key}::{value}" for key, value in people.items() if value and _askable(value)]
    return ["|".join(filter(None, (person, template))) for person in asked or [""]]


def _askable(value: str) -> bool:
    return not any(mark in value for mark in ("|", ",", "::", '"')) and not value.startswith(":")
