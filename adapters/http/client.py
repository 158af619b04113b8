"""Calls to an HTTP API with fixed or renewed credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .credentials import Credentials
from .session import HeaderAuth
from .transport import BrokenOffError, Reply, Transport


class Client:
    """HTTP client with credentials. May be used by several threads; opens nothing before the first call."""

    def __init__(self, transport: Transport, credentials: Credentials) -> None:
        self._transport = transport
        self.credentials = credentials

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        acts: bool,
    ) -> Reply:
        """Return the answer, whatever its status. After a 401 the token is renewed once and the request sent again.

        :param acts: whether carrying it out twice would matter. Raises as :meth:`Transport.send`.
        """

        def send_once(authorization: str) -> Reply:
            return self._transport.send(
                method, path, auth=HeaderAuth(authorization), params=params, body=body, acts=acts
            )

        def send(authorization: str) -> Reply:
            """Send, and repeat once a failed request that changes nothing: awards in doubt depend on its answer."""
            try:
                reply = send_once(authorization)
            except BrokenOffError:
                return send_once(authorization)
            return send_once(authorization) if reply.status >= 500 and not acts else reply

        header = self.credentials.header()
        reply = send(header)
        if reply.status == 401 and self.credentials.renewable():
            reply = send(self.credentials.header(refused=header))
        return reply

    def secrets(self, reply: Reply) -> list[str]:
        """Return the texts that must not be quoted from an answer."""
        return self.credentials.secrets() if reply.status >= 400 else []

    def close(self) -> None:
        """Close network connections."""
        self._transport.close()
        self.credentials.close()
