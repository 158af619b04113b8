"""Stored badges: one record each. The id follows from template, earner and period, so it is made only once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from ..context import Change, Record
from ..values import Award, BadgeState, IssuedBadge

KIND = "badge"


@dataclass(frozen=True)
class Badge:
    """A stored badge.

    :param version: of its record; 0: not stored yet.
    :param credential: the signed document or VC-JWT.
    :param position: in a status list.
    :param issued_at: seconds since the epoch, as the other times.
    """

    id: str
    template_id: str
    credential: str | dict[str, Any] = field(repr=False)
    earner_id: str
    position: str
    issued_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    reason: str = ""
    version: int = 0

    def state(self, now: float) -> BadgeState:
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "accepted"

    def issued(self, url: str, now: float, *, existed: bool = False) -> IssuedBadge:
        """Return the badge for the ledger. :param url: of the public pages."""
        until = None if self.expires_at is None else datetime.fromtimestamp(self.expires_at, UTC)
        when = datetime.fromtimestamp(self.issued_at, UTC)
        page = credential_url(url, self.id)
        return IssuedBadge(self.id, self.template_id, self.state(now), page, when, until, existed)

    def revoked(self, now: float, reason: str) -> Badge:
        return replace(self, revoked_at=now, reason=reason)

    def change(self) -> Change:
        kept = {
            "credential": self.credential,
            "earner": self.earner_id,
            "position": self.position,
            "issued_at": self.issued_at,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "reason": self.reason,
        }
        value = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
        return Change(KIND, self.id, value, self.version, group=self.template_id)


def read_badge(record: Record) -> Badge:
    kept = json.loads(record.value)
    return Badge(
        id=record.key,
        template_id=record.group,
        credential=cast("str | dict[str, Any]", kept["credential"]),
        earner_id=kept["earner"],
        position=kept["position"],
        issued_at=kept["issued_at"],
        expires_at=kept["expires_at"],
        revoked_at=kept["revoked_at"],
        reason=kept["reason"],
        version=record.version,
    )


def credential_url(url: str, badge_id: str) -> str:
    return f"{url}/credentials/{badge_id}"


def same_badge(award: Award) -> tuple[str, str, str]:
    """Return the key that two awards of one badge share."""
    return award.template_id, award.recipient.earner_id, award.period
