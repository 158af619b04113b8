"""Accredible's API with one connection's key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..errors import TemporaryError
from ..http.client import Client
from ..http.cooldown import Rest
from ..http.credentials import FixedCredentials
from ..http.transport import READ_SECONDS, Transport
from .responses import read_answer
from .settings import api_url

REST_SECONDS = 30.0
"""After a 429 that does not say when to come back: Accredible counts in slices of so many seconds."""


class AccredibleClient:
    """Calls of one connection. May be used by several threads; opens nothing before the first call.

    Paths begin with a slash and the version, their parts quoted. Each method raises as :func:`read_answer`.
    """

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        read_seconds = float(settings.get("read_timeout", READ_SECONDS))
        self._context = context
        self._rest = Rest(context, "accredible.rest", "Accredible")
        transport = Transport(api_url(settings), self._rest.pace, setting="base_url", read_seconds=read_seconds)
        key = settings["api_key"]
        self.secrets = [key]
        self._client = Client(transport, FixedCredentials("api_key", f"Token token={key}", self.secrets))

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, acts=False)

    def ask(self, path: str, body: Any) -> dict[str, Any]:
        """A question that is posted: it changes nothing."""
        return self._call("POST", path, body=body, acts=False)

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """:raises AmbiguousError: it was sent and no answer came."""
        return self._call("POST", path, body=body, acts=True)

    def put(self, path: str, body: Any) -> dict[str, Any]:
        """Like :meth:`post`."""
        return self._call("PUT", path, body=body, acts=True)

    def delete(self, path: str) -> dict[str, Any]:
        """Like :meth:`post`."""
        return self._call("DELETE", path, acts=True)

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, *, body: Any = None, acts: bool) -> dict[str, Any]:
        reply = self._client.call(method, path, body=body, acts=acts)
        try:
            return read_answer(reply, acts=acts, now=self._context.now(), secrets=self.secrets)
        except TemporaryError as error:
            if reply.status == 429:
                error.retry_after = error.retry_after or REST_SECONDS
                self._rest.begin(error.retry_after)
            raise
