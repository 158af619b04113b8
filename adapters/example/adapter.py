"""The adapter: badgerelay's contract in terms of the provider's API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Adapter, Capabilities
from ..context import Context
from ..errors import AmbiguousError, ConfigurationError, RejectedError, TemporaryError
from ..values import Account, Award, BadgeState, BadgeTemplate, IssuedBadge, ListedBadge, Outcome
from .client import ExampleClient, refusal
from .settings import ExampleSettings

if TYPE_CHECKING:
    from flask import Flask

STATES: dict[Any, BadgeState] = {"sent": "pending", "accepted": "accepted", "revoked": "revoked"}
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class ExampleAdapter(Adapter):
    """Adapter that issues badges of one account. See :class:`ExampleSettings`."""

    name: ClassVar[str] = "example"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_batch=20, can_look_up=True, can_revoke=True, can_list=True
    )
    settings_schema = ExampleSettings

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        super().__init__(settings, context)
        self._client = ExampleClient(settings, context)

    def __repr__(self) -> str:
        return f"<ExampleAdapter of connection {self.context.connection!r}>"

    def check(self) -> Account:
        account = self._client.ask("/v1/account")
        found, name = account.get("id"), account.get("name")
        if not (isinstance(found, str) and isinstance(name, str) and found and name):
            raise ConfigurationError("the host's answer describes no account; check host", setting="host")
        return Account(found, name)

    def templates(self) -> Iterator[BadgeTemplate]:
        for item in self._client.pages("/v1/templates"):
            found, name = item.get("id"), item.get("name")
            if not (isinstance(found, str) and isinstance(name, str) and found and name):
                raise TemporaryError("the provider lists a badge template without id or name")
            yield BadgeTemplate(found, name, "active" if item.get("active") is True else "archived")

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        answer = self._client.act("/v1/badges", {"badges": [_item(award) for award in awards]})
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(awards):
            return [AmbiguousError("the provider answered with another number of badges") for _ in awards]
        return [_outcome(result, award) for result, award in zip(results, awards, strict=True)]

    def find(self, award: Award) -> IssuedBadge | None:
        asked = {"learner": award.recipient.earner_id, "template": award.template_id, "period": award.period}
        for item in self._client.pages("/v1/badges", asked):
            badge = _badge(item, existed=True)
            if badge is None:
                raise TemporaryError("the provider lists a badge without id or state")
            if badge.state != "revoked" and _belongs_to(item, award):
                return badge
        return None

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        for item in self._client.pages("/v1/badges", {"template": template_id} if template_id else None):
            badge, learner = _badge(item), item.get("learner")
            if badge is None or not isinstance(learner, str):
                raise TemporaryError("the provider lists a badge without id, state or learner")
            if template_id in (None, badge.template_id):
                yield ListedBadge(badge.id, badge.template_id, badge.state, learner)

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        if not _ID.fullmatch(badge_id):
            raise RejectedError("not_found", "not a badge id of this provider")
        badge = _badge(self._client.act(f"/v1/badges/{badge_id}/revoke", {"reason": reason}).get("badge"))
        if badge is None or (badge.id, badge.state) != (badge_id, "revoked"):
            raise AmbiguousError("the provider did not answer with the revoked badge")
        return badge

    def close(self) -> None:
        self._client.close()

    @classmethod
    def sandbox(cls, knobs: Mapping[str, str]) -> Flask:
        # Imported here, so that production never loads it.
        from .stub import create_stub

        return create_stub(knobs)

    @classmethod
    def sandbox_settings(cls, url: str) -> dict[str, str]:
        from .stub import API_KEY

        return {"host": url, "api_key": API_KEY}


def _item(award: Award) -> dict[str, str | None]:
    person = award.recipient
    return {
        "template": award.template_id,
        "learner": person.earner_id,
        "period": award.period,
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "issued_at": award.issued_at.isoformat(),
        "expires_at": award.expires_at.isoformat() if award.expires_at else None,
    }


def _outcome(result: Any, award: Award) -> Outcome:
    """Return the outcome of one award of a batch. An existing badge comes with an error and the badge."""
    error = result.get("error") if isinstance(result, dict) else None
    known = isinstance(error, dict) and error.get("code") == "already_issued"
    if error is not None and not known:
        return refusal(error)
    badge = _badge(result.get("badge"), existed=known) if isinstance(result, dict) else None
    if badge is None or not _belongs_to(result["badge"], award):
        return AmbiguousError("the provider answered with another badge than the one asked for")
    return badge


def _belongs_to(item: Mapping[str, Any], award: Award) -> bool:
    mine = (award.template_id, award.recipient.earner_id, award.period)
    return (item.get("template"), item.get("learner"), item.get("period")) == mine


def _badge(item: Any, *, existed: bool = False) -> IssuedBadge | None:
    """Parse a badge; return None for anything else, since an answer may contain anything."""
    if not isinstance(item, dict) or not isinstance(item.get("state"), str):
        return None
    found, template, url, state = item.get("id"), item.get("template"), item.get("url"), STATES.get(item["state"])
    if not (isinstance(found, str) and found and isinstance(template, str) and state):
        return None
    url = url if isinstance(url, str) else None
    return IssuedBadge(found, template, state, url, _moment(item.get("issued_at")), existed=existed)


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
