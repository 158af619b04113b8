"""The Authorization header: a fixed one, or an access token that is renewed."""

from __future__ import annotations

from typing import Any, Protocol

from ..context import Context
from ..errors import TemporaryError

MARGIN_SECONDS = 60.0
"""Seconds before its end from which an access token is no longer used; at most a tenth of its lifetime."""

DEFAULT_LIFETIME_SECONDS = 600.0
"""Lifetime of an access token if the answer does not state a valid one."""

MAX_LIFETIME_SECONDS = 86_400.0
MAX_TOKEN = 8192
"""Maximum characters of an access token."""

LOCK_SECONDS = 60.0
"""Seconds after which another process may renew a token although the first has not finished."""

POLL_SECONDS = 0.25
"""Seconds between two looks for a token that another process renews."""

PATIENCE_SECONDS = 10.0
"""Seconds to wait for a token that another process renews."""


class Credentials(Protocol):
    """The credentials of a client, fixed or renewed."""

    setting: str
    """The setting that is wrong if the provider refuses them."""

    def header(self, refused: str | None = None) -> str:
        """Return the header's value. :param refused: the value that was just answered with 401."""

    def renewable(self) -> bool:
        """Return whether a refused header can be replaced by another."""

    def secrets(self) -> list[str]:
        """Return the texts that must never be quoted."""

    def close(self) -> None:
        """Close network connections."""


class FixedCredentials:
    """A header that never changes."""

    def __init__(self, setting: str, header: str, secrets: list[str]) -> None:
        self.setting = setting
        self._header = header
        self._secrets = secrets

    def header(self, refused: str | None = None) -> str:  # noqa: ARG002 (it has no successor)
        return self._header

    def renewable(self) -> bool:
        return False

    def secrets(self) -> list[str]:
        return self._secrets

    def close(self) -> None:
        """Do nothing: nothing is open."""


class Grants(Protocol):
    """The source of access tokens."""

    def renew(self) -> tuple[str, float]:
        """Return a new access token and its lifetime in seconds. One process at a time calls this."""


class RenewedToken:
    """An access token in the connection's storage, shared by all processes.

    One process at a time renews it; the others wait for the outcome.

    :param provider: its name, for messages.
    :param key: of the storage, for the token and for the lock.
    :param margin: seconds before its end from which the token is no longer used.
    :param patience: seconds to wait for another process.
    """

    def __init__(
        self,
        provider: str,
        context: Context,
        key: str,
        grants: Grants,
        *,
        margin: float = MARGIN_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._provider = provider
        self._context = context
        self._key = key
        self._grants = grants
        self._margin = margin
        self._patience = patience

    def header(self, refused: str | None = None) -> str:
        """Return the header ``Bearer <token>``. :param refused: the header that was answered with 401.

        :raises TemporaryError: no access token can be had now. ``renew`` may raise further errors.
        """
        return f"Bearer {self.token(refused.removeprefix('Bearer ') if refused else None)}"

    def token(self, refused: str | None = None) -> str:
        """Return the token, renewed if necessary. :param refused: the token that was answered with 401.

        :raises TemporaryError: no access token can be had now. ``renew`` may raise further errors.
        """
        context = self._context
        deadline = context.now() + self._patience
        for _ in range(int(self._patience / POLL_SECONDS)):
            if token := self._stored(refused):
                return token
            with context.storage.lock(self._key, seconds=LOCK_SECONDS) as locked:
                if locked:
                    # The process that had the lock before may have stored a token just now.
                    return self._stored(refused) or self._renewed()
            if context.now() >= deadline:
                break
            context.sleep(POLL_SECONDS)
        raise TemporaryError(
            f"another process is still renewing {self._provider}'s access token", retry_after=POLL_SECONDS
        )

    def value(self) -> str:
        """Return the stored token, or an empty text."""
        return self._context.storage.get(self._key) or ""

    def _stored(self, refused: str | None) -> str | None:
        token = self.value()
        return token if token != refused else None

    def _renewed(self) -> str:
        token, seconds = self._grants.renew()
        self._context.storage.put(self._key, token, seconds=seconds - min(self._margin, seconds / 10))
        return token


def granted(document: Any, key: str = "access_token") -> str | None:
    """Return a token of the answer if a header can contain it, or None."""
    token = document.get(key) if isinstance(document, dict) else None
    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        return None
    return token if token.isascii() and token.isprintable() and token.strip() else None


def lifetime(document: Any) -> float:
    """Return ``expires_in`` in seconds, or a short default if it is not valid."""
    seconds = document.get("expires_in") if isinstance(document, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        return DEFAULT_LIFETIME_SECONDS
    return float(min(seconds, MAX_LIFETIME_SECONDS))  # JSON may contain integers that do not fit a float
