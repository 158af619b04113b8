"""Credly as a badge provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from ..base import Adapter, Capabilities
from ..context import Context
from ..errors import TemporaryError
from ..http.json_values import MalformedError, is_earlier
from ..http.share_links import linkedin
from ..values import Account, Award, BadgeTemplate, IssuedBadge, ListedBadge, Outcome, ShareLink
from .changing import Changing
from .check import check_organization
from .client import CredlyClient
from .issuing import CredlyIssuer
from .listing import badge_filters, badge_list, pages, template_list
from .payloads import belongs_to, parse_badge
from .settings import CredlySettings, web_url

if TYPE_CHECKING:
    from flask import Flask


class CredlyAdapter(Adapter):
    """Adapter that issues badges of one organization. See :class:`CredlySettings` and :class:`Adapter`."""

    name: ClassVar[str] = "credly"
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_batch=50, can_look_up=True, can_revoke=True, can_replace=True, can_share=True, can_list=True
    )
    settings_schema = CredlySettings

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        super().__init__(settings, context)
        self._client = CredlyClient(settings, context)
        self._organization = f"/organizations/{quote(settings['organization_id'], safe='')}"
        self._badges = f"{self._organization}/badges"

    def __repr__(self) -> str:
        return f"<CredlyAdapter of connection {self.context.connection!r}>"

    def check(self) -> Account:
        return check_organization(self._client, self.settings["organization_id"])

    def templates(self) -> Iterator[BadgeTemplate]:
        return template_list(self._client, self._organization)

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        return CredlyIssuer(self._client, self._badges, self.find, self.context.now).run(awards)

    def find(self, award: Award) -> IssuedBadge | None:
        """Return the live badge, searched by the learner's id, then by the e-mail address, and verified here.

        :raises TemporaryError: Credly's list cannot be read to its end, so the badge may exist.
        """
        for filters in badge_filters(award):
            for item in pages(self._client, self._badges, filters):
                if not belongs_to(item, award):
                    continue
                try:
                    badge = parse_badge(item, self.context.now(), existed=True)
                except MalformedError as error:
                    raise TemporaryError(f"Credly lists {error}") from None
                if badge.state not in {"revoked", "replaced"} and not is_earlier(badge, award):
                    return badge
        return None

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        return badge_list(self._client, self._organization, template_id, self.context.now)

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        return self._changing().revoke(badge_id, reason)

    def replace(self, badge_id: str, award: Award) -> IssuedBadge:
        return self._changing().replace(badge_id, award)

    def share_links(self, badge_id: str) -> list[ShareLink]:
        """Return the public page, LinkedIn (profile and post) with Credly's own link, and the page to embed.

        The links are public once the recipient has accepted the badge.
        """
        badge = f"{web_url(self.settings)}/badges/{quote(badge_id, safe='')}"
        public = f"{badge}/public_url"
        return [
            ShareLink("credly", public),
            *linkedin(f"{badge}/linked_in_profile", public, badge_id),
            ShareLink("embed", f"{web_url(self.settings)}/embedded_badge/{quote(badge_id, safe='')}"),
        ]

    def close(self) -> None:
        self._client.close()

    @classmethod
    def sandbox(cls, knobs: Mapping[str, str]) -> Flask:
        """Return a local sandbox of Credly; the knobs are the fields of :class:`.sandbox.knobs.Knobs`."""
        # Imported here, so that production never loads it.
        from .sandbox import create_sandbox

        return create_sandbox(knobs)

    @classmethod
    def sandbox_settings(cls, url: str) -> dict[str, str]:
        from .sandbox import FIRST_ORGANIZATION, FIRST_TOKEN

        return {"organization_id": FIRST_ORGANIZATION, "host": url, "token": FIRST_TOKEN}

    def _changing(self) -> Changing:
        return Changing(self._client, self._badges, self.context.now())
