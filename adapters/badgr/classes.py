"""The expiry of badge classes, cached for a few minutes."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from ..context import Context
from ..errors import TemporaryError
from ..http.json_values import segment, text
from ..values import Award
from .client import BadgrClient
from .payloads import end_of

FRESH_SECONDS = 300.0
"""Seconds for which a badge class is cached."""


class BadgeClasses:
    """Cache of the expiry of badge classes. May be used by several threads."""

    def __init__(self, client: BadgrClient, context: Context) -> None:
        self._client = client
        self._context = context
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    def end(self, award: Award) -> datetime | None:
        """Return the expiry that the badge class gives the award's badge; None if the award has its own or none.

        :raises NotFoundError: Badgr does not have the badge class.
        """
        if award.expires_at is not None:
            return None
        now = self._context.now()
        with self._lock:
            known = self._known.get(award.template_id)
        if known is None or not 0 <= now - known[0] < FRESH_SECONDS:
            known = now, self._expires(award.template_id)
            with self._lock:
                self._known[award.template_id] = known
        return end_of(award.issued_at, known[1])

    def _expires(self, template_id: str) -> Any:
        result = self._client.get(f"/badgeclasses/{segment(template_id)}").result
        found = next((item for item in result if text(item, "entityId") == template_id), None)
        if found is None:
            raise TemporaryError("Badgr answered with another badge class than the one asked for")
        return found.get("expires")
