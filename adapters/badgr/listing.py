"""Badgr's lists, over all pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import INVALID_TEMPLATE, ConfigurationError, RejectedError
from ..http.json_values import MalformedError, segment, text
from ..http.paging import MAX_PAGES, Page, walk
from ..http.statuses import NotFoundError
from ..values import BadgeTemplate, ListedBadge
from .client import BadgrClient
from .payloads import address_of, parse_badge, parse_template

log = logging.getLogger(__name__)

PAGE_SIZE = 500
"""Maximum objects that Badgr puts on a page."""
MAX_BADGE_PAGES = 20_000
EVERY_STATE = {"include_expired": "1", "include_revoked": "1"}


def pages(
    client: BadgrClient, path: str, params: Mapping[str, str], *, most: int = MAX_PAGES
) -> Iterator[dict[str, Any]]:
    """Yield every object of a list, each once. :raises NotFoundError: the owner of the list does not exist."""

    def fetch(cursor: str) -> Page[str]:
        answer = client.get(path, {**params, **({"cursor": cursor} if cursor else {})})
        return Page(answer.result, answer.cursor)

    return walk("Badgr", fetch, "", lambda item: text(item, "entityId"), most=most)


def unknown_issuer() -> ConfigurationError:
    return ConfigurationError(
        "Badgr does not know the issuer, or the credentials do not include it; check issuer_id",
        setting="issuer_id",
    )


def unknown_template() -> RejectedError:
    return RejectedError(INVALID_TEMPLATE, "Badgr does not have the badge class, or these credentials may not use it")


def template_list(client: BadgrClient, issuer_id: str) -> Iterator[BadgeTemplate]:
    """Yield every readable badge class of the issuer, each once.

    Without ``num`` Badgr returns all of them at once; if it pages, the pages are followed.
    """
    try:
        for item in pages(client, f"/issuers/{segment(issuer_id)}/badgeclasses", {}):
            try:
                yield parse_template(item)
            except MalformedError as error:
                log.warning("Badgr sent %s; it is skipped", error)
    except NotFoundError:
        raise unknown_issuer() from None


def badge_list(
    client: BadgrClient, issuer_id: str, template_id: str | None, now: Callable[[], float]
) -> Iterator[ListedBadge]:
    """Yield every assertion of the issuer, in any state. :param now: returns seconds since the epoch."""
    owner = f"/badgeclasses/{segment(template_id)}" if template_id else f"/issuers/{segment(issuer_id)}"
    try:
        for item in pages(
            client, f"{owner}/assertions", {"num": str(PAGE_SIZE), **EVERY_STATE}, most=MAX_BADGE_PAGES
        ):
            try:
                badge = parse_badge(item, now())
            except MalformedError as error:
                log.warning("Badgr lists %s; it is skipped", error)
                continue
            if template_id in (None, badge.template_id):
                yield ListedBadge(badge.id, badge.template_id, badge.state, email=address_of(item))
    except NotFoundError:
        raise (unknown_template() if template_id else unknown_issuer()) from None
