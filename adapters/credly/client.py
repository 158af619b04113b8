"""Credly's Web Service API v1: one organization's calls, with their credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..http.client import Client
from ..http.transport import READ_SECONDS, Transport
from .auth import credentials
from .responses import Answer, read_answer
from .settings import api_url


class CredlyClient:
    """Calls of one connection. May be used by several threads; opens nothing before the first call."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        read_seconds = float(settings.get("read_timeout", READ_SECONDS))
        self._context = context
        transport = Transport(api_url(settings), context.pace, read_seconds=read_seconds)
        self._client = Client(transport, credentials(settings, context, read_seconds=read_seconds))

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """:param path: after ``/v1``, beginning with a slash, its parts quoted. Raises as :func:`read_answer`."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Any) -> Answer:
        """Like :meth:`get`. :raises AmbiguousError: it was sent and no answer came."""
        return self._call("POST", path, body=body)

    def put(self, path: str, body: Any) -> Answer:
        """Like :meth:`post`."""
        return self._call("PUT", path, body=body)

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        acts = method != "GET"
        reply = self._client.call(method, f"/v1{path}", params=params, body=body, acts=acts)
        return read_answer(
            reply,
            acts=acts,
            now=self._context.now(),
            secrets=self._client.secrets(reply),
            credential=self._client.credentials.setting,
        )
