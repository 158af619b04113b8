"""Access tokens of a user, by a refresh token if possible, or of an OAuth application."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..errors import AdapterError, ConfigurationError, TemporaryError
from ..http.cooldown import Cooldown
from ..http.credentials import RenewedToken, granted, lifetime
from ..http.json_values import document, text
from ..http.retry_after import retry_after
from ..http.session import HeaderAuth
from ..http.statuses import common_error, not_the_provider
from ..http.transport import Reply, Transport
from .settings import api_url

COOLDOWN_SECONDS = 60.0
"""Seconds without calls after a throttle that does not state its length."""

_SETTINGS = {"invalid client_id": "client_id", "invalid scope requested": "scope"}


class BadgrTokens:
    """The credentials of a user or an application. See :class:`RenewedToken`.

    Each refused request lengthens Badgr's throttle of (user, IP address), and then it refuses valid requests, too.
    The end of a throttle is therefore stored for all processes, and none sends a request before.
    """

    def __init__(self, settings: Mapping[str, Any], context: Context, *, read_seconds: float) -> None:
        self._settings = settings
        self._context = context
        self._is_user = bool(settings.get("username"))
        self.setting = "password" if self._is_user else "client_secret"
        names = ("username", "password") if self._is_user else ("client_id", "client_secret")
        self._who, self._secret = (str(settings[name]) for name in names)
        url = api_url(settings)
        digest = hashlib.sha256("\n".join((url, self._who, self._secret, settings["scope"])).encode()).hexdigest()
        key = f"badgr.token.{digest[:16]}"
        self._refresh_key = f"{key}.refresh"
        self._cooldown = Cooldown(context, f"{key}.rest", "Badgr's throttle of access tokens")
        self._transport = Transport(url, self._cooldown.pace, setting="base_url", read_seconds=read_seconds)
        self._token = RenewedToken("Badgr", context, key, self)

    def header(self, refused: str | None = None) -> str:
        """Return the header ``Bearer <token>``.

        :raises ConfigurationError: Badgr does not accept the credentials.
        :raises TemporaryError: no access token can be had now.
        """
        return self._token.header(refused)

    def renewable(self) -> bool:
        return True

    def secrets(self) -> list[str]:
        return [self._secret, self._token.value(), self._context.storage.get(self._refresh_key) or ""]

    def close(self) -> None:
        self._transport.close()

    def renew(self) -> tuple[str, float]:
        """Request a new token; return it with its lifetime in seconds."""
        if not self._is_user:
            form = {"grant_type": "client_credentials", "scope": self._settings["scope"]}
            basic = b64encode(f"{self._who}:{self._secret}".encode()).decode()
            return self._grant(self._ask(form, HeaderAuth(f"Basic {basic}")))
        return self._refreshed() or self._grant(
            self._ask({"grant_type": "password", "username": self._who, "password": self._secret})
        )

    def _refreshed(self) -> tuple[str, float] | None:
        """Request a token by the refresh token, which is valid once; return None if it is missing or refused."""
        refresh = self._context.storage.get(self._refresh_key)
        if not refresh:
            return None
        reply = self._ask({"grant_type": "refresh_token", "refresh_token": refresh})
        if reply.status in {400, 401, 403}:
            self._context.storage.put(self._refresh_key, "")
            return None
        return self._grant(reply)

    def _ask(self, form: dict[str, str], auth: HeaderAuth | None = None) -> Reply:
        """Send a token request. :raises TemporaryError: Badgr throttles it."""
        reply = self._transport.send("POST", "/o/token", auth=auth, form=form, acts=False)
        if reply.status == 429:
            seconds = _throttled(reply, self._context.now())
            self._cooldown.begin(seconds)
            raise TemporaryError("Badgr gives no access token now (HTTP 429)", retry_after=seconds)
        return reply

    def _grant(self, reply: Reply) -> tuple[str, float]:
        error = common_error(reply, "Badgr", acts=False, now=self._context.now(), setting="base_url")
        if error is not None:
            raise error
        grant = document(reply.body)
        if reply.status in {400, 401, 403} and grant is not None:
            raise self._refusal(reply.status, text(grant, "error"))
        token = granted(grant) if 200 <= reply.status < 300 else None
        if token is None:
            raise not_the_provider(reply, "Badgr", acts=False, setting="base_url")
        if self._is_user:
            self._context.storage.put(self._refresh_key, granted(grant, "refresh_token") or "")
        return token, lifetime(grant)

    def _refusal(self, status: int, word: str) -> AdapterError:
        setting = _SETTINGS.get(word, self.setting) if not self._is_user else self.setting
        which = "username and password" if self._is_user else f"{setting} (or client_id, client_secret and scope)"
        return ConfigurationError(f"Badgr gives no access token (HTTP {status}); check {which}", setting=setting)


def _throttled(reply: Reply, now: float) -> float:
    """Return the seconds until the throttle ends: ``expires`` in the body."""
    expires = (document(reply.body) or {}).get("expires")
    if isinstance(expires, (int, float)) and not isinstance(expires, bool) and 0 < expires < float("inf"):
        return float(min(expires, 86_400.0))  # JSON may contain integers that do not fit a float
    return retry_after(reply.headers.get("Retry-After"), now) or COOLDOWN_SECONDS
