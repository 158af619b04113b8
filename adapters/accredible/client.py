"""Accredible's API with one connection's key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..errors import TemporaryError
from ..http.client import Client
from ..http.cooldown import Cooldown
from ..http.credentials import FixedCredentials
from ..http.transport import READ_SECONDS, Transport
from .responses import read_answer
from .settings import api_url

COOLDOWN_SECONDS = 30.0
"""Seconds without calls after a 429 that states no wait: the length of Accredible's rate window."""


class AccredibleClient:
    """HTTP client of one connection. May be used by several threads; opens nothing before the first call.

    A path begins with a slash and the version, and its parts are quoted. Each method raises as :func:`read_answer`.
    """

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        read_seconds = float(settings.get("read_timeout", READ_SECONDS))
        self._context = context
        self._cooldown = Cooldown(context, "accredible.rest", "Accredible")
        transport = Transport(api_url(settings), self._cooldown.pace, setting="base_url", read_seconds=read_seconds)
        key = settings["api_key"]
        self.secrets = [key]
        self._client = Client(transport, FixedCredentials("api_key", f"Token token={key}", self.secrets))

    def get(self, path: str) -> dict[str, Any]:
        """Send a GET."""
        return self._call("GET", path, acts=False)

    def ask(self, path: str, body: Any) -> dict[str, Any]:
        """Send a POST that changes nothing, such as a search."""
        return self._call("POST", path, body=body, acts=False)

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """Send a POST. :raises AmbiguousError: the request was sent and no answer came."""
        return self._call("POST", path, body=body, acts=True)

    def put(self, path: str, body: Any) -> dict[str, Any]:
        """Send a PUT. Raises as :meth:`post`."""
        return self._call("PUT", path, body=body, acts=True)

    def delete(self, path: str) -> dict[str, Any]:
        """Send a DELETE. Raises as :meth:`post`."""
        return self._call("DELETE", path, acts=True)

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, *, body: Any = None, acts: bool) -> dict[str, Any]:
        reply = self._client.call(method, path, body=body, acts=acts)
        try:
            return read_answer(reply, acts=acts, now=self._context.now(), secrets=self.secrets)
        except TemporaryError as error:
            if reply.status == 429:
                error.retry_after = error.retry_after or COOLDOWN_SECONDS
                self._cooldown.begin(error.retry_after)
            raise
