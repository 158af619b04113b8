"""Revoke and replace badges, also if that was done before."""

from __future__ import annotations

from typing import Any

from ..errors import AmbiguousError, RejectedError, TemporaryError
from ..http.json_values import MalformedError, segment, text
from ..http.statuses import NotFoundError
from ..values import Award, IssuedBadge
from .client import CredlyClient
from .payloads import belongs_to, parse_badge, replace_item
from .responses import CredlyRefusedError


class Changing:
    """Revocation and replacement of badges.

    :param path: path of the organization's badges.
    :param now: seconds since the epoch.
    """

    def __init__(self, client: CredlyClient, path: str, now: float) -> None:
        self._client = client
        self._path = path
        self._now = now

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        """Revoke a badge and return it, also if it had been revoked before.

        :raises RejectedError: ``missing_reason``, ``not_found``, ``already_replaced`` or Credly's own reason.
        """
        if not reason.strip():
            raise RejectedError("missing_reason", "Credly revokes a badge only with a reason")
        body = {"reason": reason.strip(), "suppress_revoke_notification_email": False}
        try:
            data = self._client.put(self._badge_path(badge_id, "/revoke"), body).data
        except CredlyRefusedError as refusal:
            badge = self._parsed(self._read(badge_id) or {})
            if badge is not None and badge.state == "revoked":
                return badge
            if badge is not None and badge.state == "replaced":
                raise RejectedError("already_replaced", "the badge has been replaced; revoke its successor") from None
            raise refusal from None
        badge = self._parsed(data)
        if badge is None or badge.id != badge_id or badge.state != "revoked":
            raise AmbiguousError("Credly took the revocation and did not answer with the revoked badge")
        return badge

    def replace(self, badge_id: str, award: Award) -> IssuedBadge:
        """Replace a badge; return the new one, with ``existed=True`` if this award had replaced it before.

        :raises RejectedError: ``missing_name``, ``not_found``, ``already_replaced`` (by another badge) or
            Credly's own reason.
        """
        try:
            data = self._client.post(self._badge_path(badge_id, "/replace"), replace_item(award)).data
        except CredlyRefusedError as refusal:
            if refusal.code != "already_replaced" and refusal.current_badge_id is None:
                raise
            return self._current(refusal, badge_id, award)
        badge = self._parsed(data)
        if badge is None or badge.id == badge_id or not belongs_to(data, award):
            raise AmbiguousError("Credly took the replacement and did not answer with the new badge")
        return badge

    def _current(self, refusal: CredlyRefusedError, badge_id: str, award: Award) -> IssuedBadge:
        current = refusal.current_badge_id or text(self._read(badge_id) or {}, "replacement_badge_id")
        data = self._read(current) if current else None
        if data is None:
            raise TemporaryError("Credly says that the badge has been replaced and does not show by which badge")
        badge = self._parsed(data, existed=True)
        same_time = badge is not None and (badge.issued_at is None or _seconds_between(badge, award) < 1)
        if badge is None or not same_time or not belongs_to(data, award):
            raise RejectedError("already_replaced", "the badge has been replaced by another badge; replace that one")
        return badge

    def _read(self, badge_id: str) -> dict[str, Any] | None:
        try:
            data = self._client.get(self._badge_path(badge_id)).data
        except NotFoundError:
            return None
        return data if isinstance(data, dict) else None

    def _parsed(self, data: Any, *, existed: bool = False) -> IssuedBadge | None:
        try:
            return parse_badge(data, self._now, existed=existed)
        except MalformedError:
            return None

    def _badge_path(self, badge_id: str, verb: str = "") -> str:
        """Return the badge's path. :raises RejectedError: the badge id is not valid."""
        return f"{self._path}/{segment(badge_id)}{verb}"


def _seconds_between(badge: IssuedBadge, award: Award) -> float:
    assert badge.issued_at is not None
    return abs((badge.issued_at - award.issued_at).total_seconds())
