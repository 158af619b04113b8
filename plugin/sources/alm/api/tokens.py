"""The access token of one ALM connection, shared by all processes through the connection's storage.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from .....adapters.context import Context, Storage
from .....adapters.errors import ConfigurationError, RejectedError
from .....adapters.http.credentials import RenewedToken, granted
from .errors import NotAlmError, UnknownRecordError
from .transport import Transport

REFRESH_PATH = "/oauth/token/refresh"
MARGIN_SECONDS = 3600.0
"""Seconds before its end from which a token is no longer used; at most a tenth of its lifetime."""

ASSUMED_LIFE_SECONDS = 3600.0
"""Lifetime of a token if ALM does not state a valid one. Adobe documents 7 days."""

PATIENCE_SECONDS = 45.0
"""Seconds to wait for a token that another process renews."""


class Tokens:
    """Returns the access token and renews it, one renewal at a time across processes.

    The storage's keys contain a digest of the credentials, so that a new ``refresh_token`` in the settings replaces
    the tokens of the old one.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        transport: Transport,
        storage: Storage,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._storage = storage
        origin = "\0".join(
            (transport.base, *(settings[key] for key in ("client_id", "client_secret", "refresh_token")))
        )
        mark = hashlib.sha256(origin.encode()).hexdigest()[:16]
        self._refresh_key = f"refresh_token:{mark}"
        self._token = RenewedToken(
            "ALM",
            Context("alm", storage, now, sleep),
            f"access_token:{mark}",
            self,
            margin=MARGIN_SECONDS,
            patience=PATIENCE_SECONDS,
        )

    def current(self, refused: str | None = None) -> str:
        """Return an access token that has not expired: the stored one, or a new one.

        :param refused: the token that ALM does not accept any more.
        :raises ConfigurationError: ALM does not accept the credentials.
        :raises TemporaryError: ALM did not answer, or another process has been renewing for too long.
        """
        return self._token.token(refused)

    def stored(self) -> str | None:
        """Return the stored access token, or None."""
        return self._token.value() or None

    def renew(self) -> tuple[str, float]:
        """Request a new access token; return it with its lifetime in seconds. Raises as :meth:`current`."""
        kept = self._storage.get(self._refresh_key)
        setting = self._settings["refresh_token"]
        if kept is None or kept == setting:
            return self._exchange(setting)
        try:
            return self._exchange(kept)
        except ConfigurationError:
            return self._exchange(setting)

    def _exchange(self, refresh_token: str) -> tuple[str, float]:
        what = "an access token"
        form = {
            "client_id": self._settings["client_id"],
            "client_secret": self._settings["client_secret"],
            "refresh_token": refresh_token,
        }
        try:
            answer = self._transport.post_form(REFRESH_PATH, form, what)
        except UnknownRecordError:
            raise NotAlmError(f"the host has no {REFRESH_PATH} (404)") from None
        except (ConfigurationError, RejectedError) as error:
            raise _refused() from error
        if not isinstance(answer, dict):
            raise NotAlmError(f"ALM's answer for {what} is not understood")
        if answer.get("access_token") is None and "error" in answer:
            raise _refused()
        token = granted(answer)
        if token is None:
            raise NotAlmError(f"ALM's answer for {what} does not contain one")
        next_refresh = answer.get("refresh_token")
        if isinstance(next_refresh, str) and next_refresh and next_refresh != refresh_token:
            self._storage.put(self._refresh_key, next_refresh)
        return token, _life(answer.get("expires_in"))


def _refused() -> ConfigurationError:
    return ConfigurationError(
        "ALM does not accept client_id, client_secret and refresh_token together: compare the first two with"
        " Integration Admin > Applications, and have an administrator consent again for a new refresh_token",
        setting="refresh_token",
    )


def _life(value: Any) -> float:
    """Return the lifetime in seconds from an ``expires_in`` that may be missing or wrong."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return ASSUMED_LIFE_SECONDS
    return seconds if 0 < seconds < 10 * 365 * 86400 else ASSUMED_LIFE_SECONDS
