"""Revoke at Accredible, which has no revocation: a credential expires today, or is deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..context import Context
from ..errors import AmbiguousError
from ..http.json_values import MalformedError, segment
from ..http.statuses import NotFoundError
from ..values import IssuedBadge
from .client import AccredibleClient
from .payloads import MOST_OF_A_REASON, OUR_REVOCATION, day, meta_data, parse_badge
from .settings import DELETE

REMEMBER_SECONDS = 30 * 86_400.0


class Revoking:
    """Revocation of credentials. :param by: ``expire`` or ``delete``."""

    def __init__(self, client: AccredibleClient, context: Context, *, by: str) -> None:
        self._client = client
        self._context = context
        self._by = by

    def run(self, badge_id: str, reason: str) -> IssuedBadge:
        """Revoke a badge and return it, also if it had been revoked before. :raises RejectedError: ``not_found``."""
        path = f"/v1/credentials/{segment(badge_id)}"
        return self._deleted(path, badge_id) if self._by == DELETE else self._expired(path, badge_id, reason)

    def _expired(self, path: str, badge_id: str, reason: str) -> IssuedBadge:
        data = self._client.get(path).get("credential")
        before = self._parsed(data, badge_id)
        if before.state == "revoked":
            return before
        marked = {**meta_data(data), OUR_REVOCATION: reason.strip()[:MOST_OF_A_REASON] or "yes"}
        changes: dict[str, Any] = {"meta_data": marked}
        if before.state != "expired":
            changes["expired_on"] = day(datetime.fromtimestamp(self._context.now(), UTC))
        answer = self._client.put(path, {"credential": changes})
        # Accredible does not document the answer to a change.
        after = self._parsed(answer.get("credential") or self._client.get(path).get("credential"), badge_id)
        if after.state not in {"expired", "revoked"}:
            raise AmbiguousError("Accredible accepted the change and the credential has not expired")
        return replace(after, state="revoked")

    def _deleted(self, path: str, badge_id: str) -> IssuedBadge:
        """Record the deletion, then delete: after a lost answer the next attempt finds no credential."""
        key = f"accredible.deleting.{badge_id}"
        begun = self._context.storage.get(key) is not None
        self._context.storage.put(key, "yes", seconds=REMEMBER_SECONDS)
        try:
            data = self._client.delete(path).get("credential")
        except NotFoundError:
            if not begun:
                raise
            data = None
        if data is None:
            return IssuedBadge(id=badge_id, template_id="", state="revoked", existed=True)
        return replace(self._parsed(data, badge_id), state="revoked")

    def _parsed(self, data: Any, badge_id: str) -> IssuedBadge:
        try:
            badge = parse_badge(data, self._context.now())
        except MalformedError as error:
            raise AmbiguousError(f"Accredible answered with {error}") from None
        if badge.id != badge_id:
            raise AmbiguousError("Accredible answered with another credential than the one asked for")
        return badge
