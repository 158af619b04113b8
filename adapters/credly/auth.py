"""The Authorization header: a token, or an access token of an OAuth client that renews itself."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Protocol

from ..base import Context
from ..errors import ConfigurationError, TemporaryError
from ..retry_after import retry_after
from ..transport import HostError, Reply, Transport
from .settings import oauth_url

SCOPE = "badge_templates issued_badges"
MARGIN_SECONDS = 60.0
DEFAULT_LIFETIME_SECONDS = 600.0
MAX_LIFETIME_SECONDS = 86_400.0
LOCK_SECONDS = 60.0
WAIT_SECONDS = 0.1
WAITS = 100


class Credentials(Protocol):
    """What the client needs to know of either kind."""

    setting: str

    def header(self, refused: str | None = None) -> str:
        """The header's value. :param refused: the value that was just answered with 401."""

    def renewable(self) -> bool: ...

    def secrets(self) -> list[str]:
        """What must never be quoted."""

    def close(self) -> None: ...


def credentials(settings: Mapping[str, Any], context: Context, *, read_seconds: float) -> Credentials:
    if settings.get("token"):
        return TokenCredentials(settings["token"])
    return OAuthCredentials(settings, context, read_seconds=read_seconds)


class TokenCredentials:
    setting = "token"

    def __init__(self, token: str) -> None:
        self._token = token
        self._header = "Basic " + b64encode(f"{token}:".encode()).decode()

    def header(self, refused: str | None = None) -> str:  # noqa: ARG002 (a token has no successor)
        return self._header

    def renewable(self) -> bool:
        return False

    def secrets(self) -> list[str]:
        return [self._token, self._header.removeprefix("Basic ")]

    def close(self) -> None:
        """Nothing is open."""


class OAuthCredentials:
    """Client credentials: the access token is kept in the connection's storage, for all processes.

    One process at a time renews it; the others wait for the outcome.
    """

    setting = "oauth_client_secret"

    def __init__(self, settings: Mapping[str, Any], context: Context, *, read_seconds: float) -> None:
        self._client_id: str = settings["oauth_client_id"]
        self._client_secret: str = settings["oauth_client_secret"]
        self._context = context
        url = oauth_url(settings)
        self._transport = Transport(url, context.pace, setting="oauth_host", read_seconds=read_seconds)
        client = hashlib.sha256("\n".join((url, self._client_id, self._client_secret)).encode()).hexdigest()
        self._key = f"credly.oauth.{client[:16]}"

    def header(self, refused: str | None = None) -> str:
        """:raises ConfigurationError: Credly does not know the client.
        :raises TemporaryError: no access token can be had now.
        """
        storage = self._context.storage
        for _ in range(WAITS):
            if header := self._stored(refused):
                return header
            with storage.lock(self._key, seconds=LOCK_SECONDS) as held:
                if held:
                    # The one who held it before may just have put it there.
                    return self._stored(refused) or self._renewed()
            self._context.sleep(WAIT_SECONDS)
        raise TemporaryError("another process is renewing Credly's access token and does not finish")

    def renewable(self) -> bool:
        return True

    def secrets(self) -> list[str]:
        return [self._client_secret, self._context.storage.get(self._key) or ""]

    def close(self) -> None:
        self._transport.close()

    def _stored(self, refused: str | None) -> str | None:
        token = self._context.storage.get(self._key)
        header = f"Bearer {token}" if token else None
        return header if header != refused else None

    def _renewed(self) -> str:
        body = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "scope": SCOPE,
        }
        reply = self._transport.send("POST", "/oauth/token", body=body, acts=False)
        token, seconds = self._grant(reply)
        self._context.storage.put(self._key, token, seconds=max(seconds - MARGIN_SECONDS, seconds / 2))
        return f"Bearer {token}"

    def _grant(self, reply: Reply) -> tuple[str, float]:
        """Token and lifetime, in seconds."""
        if reply.status == 429 or reply.status >= 500:
            wait = retry_after(reply.headers.get("Retry-After"), self._context.now())
            raise TemporaryError(f"Credly gives no access token now (HTTP {reply.status})", retry_after=wait)
        if reply.status in {400, 401, 403}:
            raise ConfigurationError(
                f"Credly does not accept the OAuth client (HTTP {reply.status}); check oauth_client_id and "
                "oauth_client_secret",
                setting=self.setting,
            )
        try:
            document = json.loads(reply.body) if 200 <= reply.status < 300 else None
        except (ValueError, RecursionError):
            document = None
        grant: dict[str, Any] = document if isinstance(document, dict) else {}
        token = grant.get("access_token")
        if not (isinstance(token, str) and token.isascii() and token.isprintable() and token.strip()):
            raise HostError(
                f"what answers there gives no access tokens (HTTP {reply.status}); check oauth_host",
                setting="oauth_host",
            )
        seconds = grant.get("expires_in")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
            seconds = DEFAULT_LIFETIME_SECONDS
        return token, min(float(seconds), MAX_LIFETIME_SECONDS)
