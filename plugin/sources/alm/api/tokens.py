"""The access token of one ALM connection, shared by all processes through the connection's storage.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from .....adapters.context import Storage
from .....adapters.errors import ConfigurationError, RejectedError, TemporaryError
from .errors import NotAlmError, UnknownRecordError
from .transport import Transport

REFRESH_PATH = "/oauth/token/refresh"
MARGIN_SECONDS = 3600.0
"""So long before it runs out a token is renewed; a tenth of its life where that is less."""
ASSUMED_LIFE_SECONDS = 3600.0
"""Where ALM does not say how long a token lives. Documented are 7 days."""
LOCK_SECONDS = 60.0
POLL_SECONDS = 0.25
POLLS = 180
"""How often a process that does not hold the lock looks for the token."""
WAIT_SECONDS = 45.0
"""And for how long at most, where looking itself takes time."""

_SENDABLE = re.compile(r"[\x21-\x7e]{1,8192}\Z")


class Tokens:
    """Hands out the access token and renews it, one renewal at a time across processes.

    What is stored is named after the credentials that it came from, so that a new ``refresh_token`` in the
    settings is not shadowed by what its predecessor left.
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
        self._now = now
        self._sleep = sleep
        origin = "\0".join(
            (transport.base, *(settings[key] for key in ("client_id", "client_secret", "refresh_token")))
        )
        mark = hashlib.sha256(origin.encode()).hexdigest()[:16]
        self._access_key = f"access_token:{mark}"
        self._refresh_key = f"refresh_token:{mark}"
        self._lock_key = f"renewal:{mark}"

    def current(self) -> str:
        """An access token that has not run out. :raises AdapterError: as for :meth:`renew`."""
        return self._storage.get(self._access_key) or self.renew()

    def stored(self) -> str | None:
        return self._storage.get(self._access_key)

    def renew(self, refused: str | None = None) -> str:
        """A new access token: our own, or what another process got in the meantime.

        :param refused: the token that no longer serves.
        :raises ConfigurationError: ALM does not accept the credentials.
        :raises TemporaryError: ALM did not answer, or another process has been renewing for too long.
        """
        deadline = self._now() + WAIT_SECONDS
        for _ in range(POLLS):
            with self._storage.lock(self._lock_key, seconds=LOCK_SECONDS) as ours:
                token = self._storage.get(self._access_key)
                if token is not None and token != refused:
                    return token
                if ours:
                    return self._ask()
            if self._now() >= deadline:
                break
            self._sleep(POLL_SECONDS)
        raise TemporaryError("another process is still renewing ALM's access token", retry_after=POLL_SECONDS)

    def _ask(self) -> str:
        kept = self._storage.get(self._refresh_key)
        setting = self._settings["refresh_token"]
        if kept is None or kept == setting:
            return self._exchange(setting)
        try:
            return self._exchange(kept)
        except ConfigurationError:
            return self._exchange(setting)

    def _exchange(self, refresh_token: str) -> str:
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
        token = answer.get("access_token")
        if token is None and "error" in answer:
            raise _refused()
        if not isinstance(token, str) or not _SENDABLE.match(token):
            raise NotAlmError(f"ALM's answer for {what} has none in it")
        life = _life(answer.get("expires_in"))
        next_refresh = answer.get("refresh_token")
        if isinstance(next_refresh, str) and next_refresh and next_refresh != refresh_token:
            self._storage.put(self._refresh_key, next_refresh)
        self._storage.put(self._access_key, token, seconds=life - min(MARGIN_SECONDS, life / 10))
        return token


def _refused() -> ConfigurationError:
    return ConfigurationError(
        "ALM does not accept client_id, client_secret and refresh_token together: compare the first two with"
        " Integration Admin > Applications, and have an administrator consent again for a new refresh_token",
        setting="refresh_token",
    )


def _life(value: Any) -> float:
    """Seconds that a token lives, of an ``expires_in`` that may be missing or wrong."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return ASSUMED_LIFE_SECONDS
    return seconds if 0 < seconds < 10 * 365 * 86400 else ASSUMED_LIFE_SECONDS
