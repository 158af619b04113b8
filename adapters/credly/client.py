"""Credly's Web Service API v1: one organization's calls, with their credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Context
from ..http import HeaderAuth
from .answers import Answer, read_answer
from .auth import credentials
from .settings import READ_SECONDS, api_url
from .transport import BrokenOffError, Reply, Transport


class CredlyClient:
    """Calls of one connection. May be used by several threads; opens nothing before the first call."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        read_seconds = float(settings.get("read_timeout", READ_SECONDS))
        self._context = context
        self._transport = Transport(api_url(settings), context.pace, read_seconds=read_seconds)
        self._credentials = credentials(settings, context, read_seconds=read_seconds)

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
        self._transport.close()
        self._credentials.close()

    def _call(self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        acts = method != "GET"

        def send_once(authorization: str) -> Reply:
            return self._transport.send(
                method, f"/v1{path}", auth=HeaderAuth(authorization), params=params, body=body, acts=acts
            )

        def send(authorization: str) -> Reply:
            """A question is asked twice before it counts as unanswered: doubts hang on it, and it does nothing."""
            try:
                reply = send_once(authorization)
            except BrokenOffError:
                return send_once(authorization)
            return send_once(authorization) if reply.status >= 500 and not acts else reply

        header = self._credentials.header()
        reply = send(header)
        if reply.status == 401 and self._credentials.renewable():
            reply = send(self._credentials.header(refused=header))
        return read_answer(
            reply,
            acts=acts,
            now=self._context.now(),
            secrets=self._credentials.secrets() if reply.status >= 400 else (),
            credential=self._credentials.setting,
        )
