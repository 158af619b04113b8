"""Credly's Web Service API v1: requests with one organization's credentials."""

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
    """HTTP client of one connection. May be used by several threads; opens nothing before the first call."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        read_seconds = float(settings.get("read_timeout", READ_SECONDS))
        self._context = context
        transport = Transport(api_url(settings), context.pace, read_seconds=read_seconds)
        self._client = Client(transport, credentials(settings, context, read_seconds=read_seconds))

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send a GET. Raises as :func:`read_answer`.

        :param path: after ``/v1``, with a leading slash and quoted parts.
        """
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Any) -> Answer:
        """Send a POST. Raises as :meth:`get`. :raises AmbiguousError: the request was sent and no answer came."""
        return self._call("POST", path, body=body)

    def put(self, path: str, body: Any) -> Answer:
        """Send a PUT. Raises as :meth:`post`."""
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
