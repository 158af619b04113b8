"""The Authorization header: a fixed token, or a renewed access token of an OAuth client."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..errors import ConfigurationError, TemporaryError
from ..http.credentials import Credentials, FixedCredentials, RenewedToken, granted, lifetime
from ..http.json_values import document
from ..http.retry_after import retry_after
from ..http.transport import HostError, Transport
from .settings import oauth_url

SCOPE = "badge_templates issued_badges"


def credentials(settings: Mapping[str, Any], context: Context, *, read_seconds: float) -> Credentials:
    if settings.get("token"):
        token = settings["token"]
        encoded = b64encode(f"{token}:".encode()).decode()
        return FixedCredentials("token", f"Basic {encoded}", [token, encoded])
    return OAuthCredentials(settings, context, read_seconds=read_seconds)


class OAuthCredentials:
    """The access token of an OAuth client. See :class:`RenewedToken`."""

    setting = "oauth_client_secret"

    def __init__(self, settings: Mapping[str, Any], context: Context, *, read_seconds: float) -> None:
        self._client_id: str = settings["oauth_client_id"]
        self._client_secret: str = settings["oauth_client_secret"]
        self._context = context
        url = oauth_url(settings)
        self._transport = Transport(url, context.pace, setting="oauth_host", read_seconds=read_seconds)
        client = hashlib.sha256("\n".join((url, self._client_id, self._client_secret)).encode()).hexdigest()
        self._token = RenewedToken("Credly", context, f"credly.oauth.{client[:16]}", self)

    def header(self, refused: str | None = None) -> str:
        """Return the header ``Bearer <token>``.

        :raises ConfigurationError: Credly does not know the client.
        :raises TemporaryError: no access token can be had now.
        """
        return self._token.header(refused)

    def renewable(self) -> bool:
        return True

    def secrets(self) -> list[str]:
        return [self._client_secret, self._token.value()]

    def close(self) -> None:
        self._transport.close()

    def renew(self) -> tuple[str, float]:
        """Request a new token; return it with its lifetime in seconds."""
        body = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "scope": SCOPE,
        }
        reply = self._transport.send("POST", "/oauth/token", body=body, acts=False)
        if reply.status == 429 or reply.status >= 500:
            wait = retry_after(reply.headers.get("Retry-After"), self._context.now())
            raise TemporaryError(f"Credly gives no access token now (HTTP {reply.status})", retry_after=wait)
        if reply.status in {400, 401, 403}:
            raise ConfigurationError(
                f"Credly does not accept the OAuth client (HTTP {reply.status}); check oauth_client_id and "
                "oauth_client_secret",
                setting=self.setting,
            )
        grant = document(reply.body) if 200 <= reply.status < 300 else None
        token = granted(grant)
        if token is None:
            raise HostError(
                f"the host's answer contains no access token (HTTP {reply.status}); check oauth_host",
                setting="oauth_host",
            )
        return token, lifetime(grant)
