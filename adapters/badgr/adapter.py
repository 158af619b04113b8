"""Badgr as a badge provider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Adapter, Capabilities
from ..context import Context
from ..errors import AmbiguousError, ConfigurationError, RejectedError, TemporaryError
from ..http.json_values import MalformedError, is_of_another_time, segment, text
from ..http.share_links import linkedin
from ..http.statuses import NotFoundError, RefusedError
from ..http.transport import HostError
from ..values import Account, Award, BadgeTemplate, IssuedBadge, ListedBadge, Outcome, ShareLink
from .classes import BadgeClasses
from .client import BadgrClient
from .issuing import BadgrIssuer
from .listing import badge_list, pages, template_list, unknown_issuer
from .payloads import belongs_to, parse_badge
from .settings import BadgrSettings, api_url

if TYPE_CHECKING:
    from flask import Flask


class BadgrAdapter(Adapter):
    """Adapter that issues badges of one issuer. See :class:`BadgrSettings` and :class:`Adapter`."""

    name: ClassVar[str] = "badgr"
    # Badgr documents no batch size: fifty keep an answer small and a refused batch cheap to repeat.
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_batch=50, can_look_up=True, can_revoke=True, can_share=True, can_list=True
    )
    settings_schema = BadgrSettings

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        super().__init__(settings, context)
        self._client = BadgrClient(settings, context)
        self._classes = BadgeClasses(self._client, context)
        self._issuer: str = settings["issuer_id"]

    def __repr__(self) -> str:
        return f"<BadgrAdapter of connection {self.context.connection!r}>"

    def check(self) -> Account:
        try:
            result = self._client.get(f"/issuers/{segment(self._issuer)}").result
        except NotFoundError:
            raise unknown_issuer() from None
        except HostError as error:
            raise ConfigurationError(str(error), setting=error.setting) from None
        issuer = result[0] if len(result) == 1 else None
        if text(issuer, "entityId") != self._issuer or not text(issuer, "name"):
            raise ConfigurationError(
                "the server's answer describes another issuer; check base_url", setting="base_url"
            )
        return Account(id=self._issuer, name=text(issuer, "name"))

    def templates(self) -> Iterator[BadgeTemplate]:
        return template_list(self._client, self._issuer)

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        return BadgrIssuer(
            self._client,
            self._classes,
            self.find,
            self.context.now,
            find_first=not self.settings["skip_look"],
            notify=self.settings["notify"],
        ).run(awards)

    def find(self, award: Award) -> IssuedBadge | None:
        """Return the live badge, searched by the e-mail address (Badgr stores no id of ours) and verified here.

        An expired badge is this award's if it was earned on the award's day; after that Badgr issues it again.

        :raises TemporaryError: Badgr's list cannot be read to its end, so the badge may exist.
        """
        address = award.recipient.email.strip().lower()
        if not address:
            return None
        try:
            return self._found(award, address)
        except NotFoundError:  # no such badge class: issuing is refused, too
            return None

    def _found(self, award: Award, address: str) -> IssuedBadge | None:
        path = f"/badgeclasses/{segment(award.template_id)}/assertions"
        for item in pages(self._client, path, {"recipient": address, "include_expired": "1"}):
            if not belongs_to(item, award):
                continue
            try:
                badge = parse_badge(item, self.context.now(), existed=True)
            except MalformedError as error:
                raise TemporaryError(f"Badgr lists {error}") from None
            if badge.state != "revoked" and not is_of_another_time(badge, award):
                return badge
        return None

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        return badge_list(self._client, self._issuer, template_id, self.context.now)

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        """Revoke a badge and return it, also if it had been revoked before.

        :raises RejectedError: ``missing_reason``, ``not_found`` or Badgr's own reason.
        """
        if not reason.strip():
            raise RejectedError("missing_reason", "Badgr revokes a badge only with a reason")
        path = f"/assertions/{segment(badge_id)}"
        try:
            result = self._client.delete(path, {"revocation_reason": reason.strip()}).result
        except RefusedError as refusal:
            if refusal.code != "already_revoked":
                raise
            result = self._client.get(path).result
        try:
            badge = parse_badge(result[0] if len(result) == 1 else None, self.context.now())
        except MalformedError:
            badge = None
        if badge is None or badge.id != badge_id or badge.state != "revoked":
            raise AmbiguousError("Badgr took the revocation and did not answer with the revoked badge")
        return badge

    def share_links(self, badge_id: str) -> list[ShareLink]:
        """Return the public page, and LinkedIn with its link."""
        public = f"{api_url(self.settings)}/public/assertions/{segment(badge_id)}"
        return [ShareLink("badgr", public), *linkedin(public, public, badge_id)]

    def close(self) -> None:
        self._client.close()

    @classmethod
    def sandbox(cls, knobs: Mapping[str, str]) -> Flask:
        """Return a local sandbox of Badgr; the knobs are the fields of :class:`.sandbox.knobs.Knobs`."""
        # Imported here, so that production never loads it.
        from .sandbox import create_sandbox

        return create_sandbox(knobs)

    @classmethod
    def sandbox_settings(cls, url: str) -> dict[str, str]:
        from .sandbox import FIRST_ISSUER, PASSWORD, USERNAME

        return {"issuer_id": FIRST_ISSUER, "base_url": url, "username": USERNAME, "password": PASSWORD}
