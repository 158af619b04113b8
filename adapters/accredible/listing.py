"""Accredible's searches, over all pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import TemporaryError
from ..http.json_values import MalformedError, identifier, text
from ..http.paging import MAX_PAGES, Page, walk
from ..http.statuses import NotFoundError
from ..values import Award, BadgeTemplate, IssuedBadge, ListedBadge
from .client import AccredibleClient
from .payloads import (
    address_of,
    belongs_to,
    earner_of,
    group_id,
    own_id,
    parse_badge,
    parse_template,
)

log = logging.getLogger(__name__)

PAGE_SIZE = 50
MAX_BADGE_PAGES = 200_000
EVER = {"created_at[gte]": "2000-01-01"}
"""A search for all credentials; Accredible does not document that an empty search is allowed."""


def template_list(client: AccredibleClient) -> Iterator[BadgeTemplate]:
    """Yield every readable group.

    :raises TemporaryError: the list cannot be read to its end.
    """

    def fetch(number: int) -> Page[int]:
        answer = client.ask("/v1/issuer/groups/search", {"page": number, "page_size": PAGE_SIZE})
        items = _items(answer, "groups")
        meta = answer.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        following, total = meta.get("next_page"), meta.get("total_count")
        return Page(
            items, following if type(following) is int else None, total if type(total) is int and total >= 0 else None
        )

    for item in walk("Accredible", fetch, 1, _identify, whole=True):
        try:
            yield parse_template(item)
        except MalformedError as error:
            log.warning("Accredible sent %s; it is skipped", error)


def search(
    client: AccredibleClient, query: Mapping[str, Any], *, sort: str = "issued_on", most: int = MAX_PAGES
) -> Iterator[dict[str, Any]]:
    """Yield every credential that a query finds, each once; by cursor, since offsets end at 10,000."""

    def fetch(cursor: str) -> Page[str]:
        page = {"size": PAGE_SIZE, **({"cursor": cursor} if cursor else {})}
        body = {"query": dict(query), "sort": {sort: "asc"}, "page": page}
        answer = client.ask("/v2/credentials/search", body)
        return Page(_items(answer, "credentials"), text(answer.get("meta"), "cursor") or None)

    return walk("Accredible", fetch, "", _identify, most=most)


def badge_list(client: AccredibleClient, template_id: str | None, now: Callable[[], float]) -> Iterator[ListedBadge]:
    """Yield every credential, the oldest first. :param now: returns seconds since the epoch."""
    query = EVER if template_id is None else {"group.id": group_id(template_id)}
    for item in search(client, query, sort="id", most=MAX_BADGE_PAGES):
        try:
            badge = parse_badge(item, now())
        except MalformedError as error:
            log.warning("Accredible lists %s; it is skipped", error)
            continue
        if template_id in (None, badge.template_id):
            yield ListedBadge(badge.id, badge.template_id, badge.state, earner_of(item), address_of(item))


def credentials_of(client: AccredibleClient, award: Award, now: Callable[[], float]) -> Iterator[IssuedBadge]:
    """Yield the credentials of an award, in any state: found by our own id, then by the address.

    :raises TemporaryError: Accredible's list cannot be read to its end, so the credential may exist.
    """
    for item in _candidates(client, award):
        if not belongs_to(item, award):
            continue
        try:
            yield parse_badge(item, now(), existed=True, template_id=award.template_id)
        except MalformedError as error:
            raise TemporaryError(f"Accredible lists {error}") from None


def _candidates(client: AccredibleClient, award: Award) -> Iterator[Any]:
    if award.recipient.earner_id:
        try:
            own = client.get(f"/v1/credentials/{own_id(award)}").get("credential")
        except NotFoundError:
            own = None
        yield own
        yield from search(client, {"license_id": own_id(award)})
    address = award.recipient.email.strip().lower()
    if address:
        yield from search(client, {"group.id": group_id(award.template_id), "recipient_email": address})


def _items(answer: Mapping[str, Any], key: str) -> list[Any]:
    items = answer.get(key)
    if not isinstance(items, list):
        raise TemporaryError(f"Accredible sent a page without {key}")
    return items


def _identify(item: Any) -> str:
    return identifier(item, "id")
