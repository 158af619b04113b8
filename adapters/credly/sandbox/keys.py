"""Credentials: tokens, OAuth clients and their access tokens."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .records import Organization, Refusal

LIFETIME_SECONDS = 7200


@dataclass(frozen=True, slots=True)
class Key:
    organization_id: str
    may_write: bool = True


class Keys:
    def __init__(self, organizations: Mapping[str, Organization], *, trailing_pipe: bool) -> None:
        self._organizations = organizations
        self._trailing_pipe = trailing_pipe
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Return to each organization's first token, and end all access tokens."""
        with self._lock:
            self._tokens = {o.token: Key(o.id) for o in self._organizations.values()}
            self._access: dict[str, tuple[Key, float]] = {}

    def key(self, authorization: str) -> Key:
        """Return the key of an ``Authorization`` header.

        :raises Refusal: 401.
        """
        scheme, _, value = authorization.partition(" ")
        found = None
        if scheme.lower() == "basic":
            found = self._tokens.get(self._user_name(value.strip()))
        elif scheme.lower() == "bearer":
            found, end = self._access.get(value.strip(), (None, 0.0))
            found = found if end > time.time() else None
        if found is None:
            raise Refusal(401, "Invalid or expired authorization token")
        return found

    def grant(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new access token as the token endpoint answers it.

        :raises Refusal: 401 unknown client, 400 another grant type.
        """
        if body.get("grant_type") != "client_credentials":
            raise Refusal(400, "unsupported_grant_type")
        for organization in self._organizations.values():
            if (organization.client_id, organization.client_secret) == (
                body.get("client_id"),
                body.get("client_secret"),
            ):
                break
        else:
            raise Refusal(401, "invalid_client")
        token = secrets.token_urlsafe(32)
        now = time.time()
        with self._lock:
            self._access[token] = (Key(organization.id), now + LIFETIME_SECONDS)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "scope": str(body.get("scope", "")),
            "created_at": int(now),
        }

    def change(self, token: str | None, replacement: str | None, *, may_write: bool) -> int:
        """End a token, and replace it if a replacement is given; ``None`` ends every access token.

        :returns: how many tokens ended.
        """
        with self._lock:
            if token is None:
                ended = len(self._access)
                self._access.clear()
                return ended
            key = self._tokens.pop(token, None)
            if key is not None and replacement:
                self._tokens[replacement] = Key(key.organization_id, may_write)
            return int(key is not None)

    def _user_name(self, value: str) -> str:
        try:
            name = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        name = name.partition(":")[0]
        return name.removesuffix("|") if self._trailing_pipe else name
