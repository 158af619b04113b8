"""The Authorization header: one that stays, or a token that renews itself."""

from __future__ import annotations

from typing import Any, Protocol

from ..context import Context
from ..errors import TemporaryError

MARGIN_SECONDS = 60.0
DEFAULT_LIFETIME_SECONDS = 600.0
MAX_LIFETIME_SECONDS = 86_400.0
LOCK_SECONDS = 60.0
WAIT_SECONDS = 0.1
WAITS = 100


class Credentials(Protocol):
    """What a client needs to know of either kind."""

    setting: str
    """Which setting is wrong when they are refused."""

    def header(self, refused: str | None = None) -> str:
        """The header's value. :param refused: the value that was just answered with 401."""

    def renewable(self) -> bool: ...

    def secrets(self) -> list[str]:
        """What must never be quoted."""

    def close(self) -> None: ...


class FixedCredentials:
    """A header that stays as it is."""

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
        """Nothing is open."""


class Grants(Protocol):
    """Where access tokens come from."""

    def renew(self) -> tuple[str, float]:
        """A new access token and its lifetime in seconds. Called by one process at a time."""


class RenewedToken:
    """An access token that is kept in the connection's storage, for all processes.

    One process at a time renews it; the others wait for the outcome.

    :param provider: its name, for messages.
    :param key: of the storage.
    """

    def __init__(self, provider: str, context: Context, key: str, grants: Grants) -> None:
        self._provider = provider
        self._context = context
        self._key = key
        self._grants = grants

    def header(self, refused: str | None = None) -> str:
        """:raises TemporaryError: no access token can be had now. Also what ``renew`` raises."""
        storage = self._context.storage
        for _ in range(WAITS):
            if header := self._stored(refused):
                return header
            with storage.lock(self._key, seconds=LOCK_SECONDS) as held:
                if held:
                    # The one who held it before may just have put it there.
                    return self._stored(refused) or self._renewed()
            self._context.sleep(WAIT_SECONDS)
        raise TemporaryError(f"another process is renewing {self._provider}'s access token and does not finish")

    def value(self) -> str:
        """The token, or an empty text."""
        return self._context.storage.get(self._key) or ""

    def _stored(self, refused: str | None) -> str | None:
        token = self.value()
        header = f"Bearer {token}" if token else None
        return header if header != refused else None

    def _renewed(self) -> str:
        token, seconds = self._grants.renew()
        self._context.storage.put(self._key, token, seconds=max(seconds - MARGIN_SECONDS, seconds / 2))
        return f"Bearer {token}"


def granted(document: Any, key: str = "access_token") -> str | None:
    """A token that can stand in a header, or None."""
    token = document.get(key) if isinstance(document, dict) else None
    fit = isinstance(token, str) and token.isascii() and token.isprintable() and token.strip()
    return token if fit else None


def lifetime(document: Any) -> float:
    """``expires_in`` in seconds; a short one where it makes no sense."""
    seconds = document.get("expires_in") if isinstance(document, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        return DEFAULT_LIFETIME_SECONDS
    return float(min(seconds, MAX_LIFETIME_SECONDS))  # JSON has whole numbers that no float can hold
