"""``/o/token``: credentials, access tokens, and the throttle after refused requests."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from .knobs import Knobs
from .records import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME, Refusal

MOST_SECONDS = 3600.0
SCOPES = {"rw:profile", "rw:issuer", "rw:backpack", "r:profile", "r:backpack"}


class Keys:
    """Access and refresh tokens, and the throttle of log-ins.

    :ivar throttled: requests that met the throttle, for tests.
    """

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._access: dict[str, float] = {}
            self._refresh: set[str] = set()
            self._throttles: dict[str, tuple[float, float]] = {}

    def end_all(self) -> int:
        with self._lock:
            ended = len(self._access)
            self._access.clear()
        return ended

    def check(self, authorization: str) -> None:
        """Check that the header has a live access token.

        :raises Refusal: 401.
        """
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            end = self._access.get(token.strip(), 0.0)
        if scheme.lower() != "bearer" or end <= time.time():
            raise Refusal(401, "no valid auth token found")

    def grant(self, form: Mapping[str, str], authorization: str) -> tuple[dict[str, Any], int]:
        """Return the answer to a token request, and its status."""
        who = form.get("username") or form.get("client_id") or _basic(authorization)[0]
        with self._lock:
            end, seconds = self._throttles.get(who, (0.0, 0.0))
            left = end - time.time()
            if left > 0:
                return {
                    "error": "login attempts throttled",
                    "error_description": f"Too many login attempts. Please wait {left:.0f} seconds.",
                    "expires": max(round(left), 1),
                }, 429
            answer, status = self._granted(form, authorization)
            if status >= 300 and self._knobs.throttle_seconds:
                seconds = min(seconds * 2 or self._knobs.throttle_seconds, MOST_SECONDS)
                self._throttles[who] = (time.time() + seconds, seconds)
            elif status < 300:
                self._throttles.pop(who, None)
            return answer, status

    def _granted(self, form: Mapping[str, str], authorization: str) -> tuple[dict[str, Any], int]:
        match form.get("grant_type", "password"):
            case "password":
                if (form.get("username"), form.get("password")) != (USERNAME, PASSWORD):
                    return {"error": "invalid_grant", "error_description": "Invalid credentials given."}, 400
                return self._pair("rw:profile rw:issuer rw:backpack")
            case "refresh_token":
                if form.get("refresh_token") not in self._refresh:
                    return {"error": "invalid_grant"}, 400
                self._refresh.discard(form["refresh_token"])
                return self._pair("rw:profile rw:issuer rw:backpack")
            case "client_credentials":
                client, secret = _basic(authorization)
                if client != CLIENT_ID:
                    return {"error": "invalid client_id"}, 400
                if secret != CLIENT_SECRET:
                    return {"error": "invalid client_secret"}, 400
                scopes = form.get("scope", "").split()
                if not scopes or not all(s in SCOPES or s.startswith("rw:issuer:") for s in scopes):
                    return {"error": "invalid scope requested"}, 400
                return self._pair(form["scope"], refresh=False)
        return {"error": "unsupported_grant_type"}, 400

    def _pair(self, scope: str, *, refresh: bool = True) -> tuple[dict[str, Any], int]:
        token = secrets.token_urlsafe(24)
        self._access[token] = time.time() + self._knobs.token_seconds
        answer: dict[str, Any] = {
            "access_token": token,
            "expires_in": self._knobs.token_seconds,
            "token_type": "Bearer",
            "scope": scope,
        }
        if refresh and self._knobs.refresh:
            answer["refresh_token"] = secrets.token_urlsafe(24)
            self._refresh.add(answer["refresh_token"])
        return answer, 200


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")
