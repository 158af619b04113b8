"""Badgr's API v2 with one connection's credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..errors import TemporaryError
from ..http.client import Client
from ..http.cooldown import Cooldown
from ..http.transport import READ_SECONDS, Transport
from .responses import Answer, read_answer
from .settings import api_url
from .tokens import BadgrTokens

COOLDOWN_SECONDS = 30.0
"""Seconds without calls after a 429 that states no wait."""


class BadgrClient:
    """HTTP client of one connection. May be used by several threads; opens nothing before the first call."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        read_seconds = float(settings.get("read_timeout", READ_SECONDS))
        self._context = context
        self._cooldown = Cooldown(context, "badgr.rest", "Badgr")
        transport = Transport(api_url(settings), self._cooldown.pace, setting="base_url", read_seconds=read_seconds)
        self._client = Client(transport, BadgrTokens(settings, context, read_seconds=read_seconds))

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send a GET. Raises as :func:`read_answer`.

        :param path: after ``/v2``, with a leading slash and quoted parts.
        """
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Any) -> Answer:
        """Send a POST. Raises as :meth:`get`. :raises AmbiguousError: the request was sent and no answer came."""
        return self._call("POST", path, body=body)

    def delete(self, path: str, body: Any) -> Answer:
        """Send a DELETE. Raises as :meth:`post`."""
        return self._call("DELETE", path, body=body)

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        acts = method != "GET"
        reply = self._client.call(method, f"/v2{path}", params=params, body=body, acts=acts)
        try:
            return read_answer(
                reply,
                acts=acts,
                now=self._context.now(),
                secrets=self._client.secrets(reply),
                credential=self._client.credentials.setting,
            )
        except TemporaryError as error:
            if reply.status == 429:
                error.retry_after = error.retry_after or COOLDOWN_SECONDS
                self._cooldown.begin(error.retry_after)
            raise
