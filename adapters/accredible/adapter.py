"""Accredible as a badge provider."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Adapter, Capabilities
from ..context import Context
from ..errors import INVALID_TEMPLATE, ConfigurationError, RejectedError, TemporaryError
from ..http.json_values import identifier, is_of_another_time, segment, text, web_address
from ..http.statuses import NotFoundError
from ..http.transport import HostError
from ..values import Account, Award, BadgeTemplate, IssuedBadge, ListedBadge, Outcome
from .client import AccredibleClient
from .issuing import AccredibleIssuer
from .listing import badge_list, credentials_of, template_list
from .payloads import is_unpublished
from .revoking import Revoking
from .settings import AccredibleSettings

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)


class AccredibleAdapter(Adapter):
    """Adapter for the credentials of an account's groups. See :class:`AccredibleSettings` and :class:`Adapter`."""

    name: ClassVar[str] = "accredible"
    # 2,000 requests in 5 minutes, counted in slices of 30 seconds: 6 a second are allowed in every slice.
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_batch=30, can_look_up=True, can_revoke=True, can_list=True, rate="6/second"
    )
    settings_schema = AccredibleSettings

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        super().__init__(settings, context)
        self._client = AccredibleClient(settings, context)

    def __repr__(self) -> str:
        return f"<AccredibleAdapter of connection {self.context.connection!r}>"

    def check(self) -> Account:
        try:
            answer = self._client.get("/v1/issuer/details")
        except NotFoundError:
            raise ConfigurationError("the server's answer is not of Accredible's API", setting="base_url") from None
        except HostError as error:
            raise ConfigurationError(str(error), setting=error.setting) from None
        issuer = answer.get("issuer")
        account, name = identifier(issuer, "id"), text(issuer, "name")
        if not (account and name):
            raise ConfigurationError(
                "the server's answer describes no account (no id, no name); check base_url", setting="base_url"
            )
        credits_left = issuer.get("certificate_left") if isinstance(issuer, dict) else None
        if type(credits_left) is int and credits_left <= 0:
            log.warning("the Accredible account has no credits left: credentials are created and not published")
        return Account(id=account, name=name)

    def templates(self) -> Iterator[BadgeTemplate]:
        return template_list(self._client)

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        return AccredibleIssuer(self._client, self._search, self.context.now).run(awards)

    def find(self, award: Award) -> IssuedBadge | None:
        """Return the live credential, searched by our own id, then by group and address, and verified here.

        An expired credential is this award's if it was earned on the award's day.

        :raises TemporaryError: Accredible refuses the search.
        """
        return self._search(award)[0]

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        return badge_list(self._client, template_id, self.context.now)

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        return Revoking(self._client, self.context, by=self.settings["revoke_by"]).run(badge_id, reason)

    def close(self) -> None:
        self._client.close()

    @classmethod
    def sandbox(cls, knobs: Mapping[str, str]) -> Flask:
        """Return a local sandbox of Accredible; the knobs are the fields of :class:`.sandbox.knobs.Knobs`."""
        # Imported here, so that production never loads it.
        from .sandbox import create_sandbox

        return create_sandbox(knobs)

    @classmethod
    def sandbox_settings(cls, url: str) -> dict[str, str]:
        from .sandbox import API_KEY

        return {"api_key": API_KEY, "base_url": url}

    def _with_url(self, badge: IssuedBadge) -> IssuedBadge:
        """Return the badge with its page's URL, which a search does not contain."""
        if badge.url is not None:
            return badge
        data = self._client.get(f"/v1/credentials/{segment(badge.id)}").get("credential")
        if not isinstance(data, dict) or is_unpublished(data):
            return badge
        return replace(badge, url=web_address(data.get("url")))

    def _search(self, award: Award) -> tuple[IssuedBadge | None, bool]:
        """Return the live credential, and whether any credential exists.

        :raises TemporaryError: Accredible refuses the search.
        """
        exists = False
        try:
            for badge in credentials_of(self._client, award, self.context.now):
                exists = True
                if badge.state != "revoked" and not is_of_another_time(badge, award):
                    return self._with_url(badge), True
        except RejectedError as error:
            if isinstance(error, NotFoundError) or error.code == INVALID_TEMPLATE:
                return None, exists  # no such group: issuing is refused, too
            raise TemporaryError(f"Accredible does not say whether the credential exists: {error}") from None
        return None, exists
