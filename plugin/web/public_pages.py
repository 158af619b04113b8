"""``/public/<connection>/...``: what the connection's adapter lets everybody see.

Plain WSGI in front of Flask: what an adapter publishes is an application of its own, mounted there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...adapters.errors import AdapterError
from ..connections.schemas import NAME
from ..providers.pool import Providers
from ..store import Store, StoreUnavailableError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/public/"
FRESH_SECONDS = 1.0
"""How long changed settings may take to count."""

log = logging.getLogger("badgerelay.web")


class Public:
    """A WSGI application that serves what adapters publish, and leaves every other path to ``inner``."""

    def __init__(self, inner: WSGIApplication, store: Store) -> None:
        self._inner = inner
        self._store = store
        self._providers = Providers(store)
        self._guard = threading.Lock()
        self._fresh: dict[str, tuple[float, WSGIApplication | None]] = {}
        self._made: dict[str, tuple[object, WSGIApplication | None]] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._inner(environ, start_response)
        name, slash, rest = path.removeprefix(PREFIX).partition("/")
        try:
            app = self._published(name)
        except (StoreUnavailableError, AdapterError) as error:
            log.error("what %.64r publishes cannot be served: %s", name, error)
            return _plain(start_response, "503 Service Unavailable", "not now; please try again")
        if app is None or not slash:
            return _plain(start_response, "404 Not Found", "there is nothing here")
        mounted = {**environ, "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + PREFIX + name, "PATH_INFO": f"/{rest}"}
        try:
            return app(mounted, start_response)
        except Exception:
            log.exception("what %.64r publishes failed", name)
            return _plain(start_response, "500 Internal Server Error", "badgerelay failed; its log says how")

    def _published(self, name: str) -> WSGIApplication | None:
        """What the adapter of that connection publishes; None where it is nothing, or there is no such connection."""
        with self._guard:
            known = self._fresh.get(name)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        connection = self._store.connections.get(name) if NAME.fullmatch(name) else None
        if connection is None or connection.role != "provider":
            with self._guard:
                self._fresh.pop(name, None)
            return None
        adapter = self._providers.adapter(connection)
        with self._guard:
            made = self._made.get(name)
        if made is None or made[0] is not adapter:
            # Not under the guard: one that takes its time holds no other.
            made = (adapter, adapter.public())
        with self._guard:
            self._made[name] = made
            self._fresh[name] = (time.monotonic() + FRESH_SECONDS, made[1])
        return made[1]


def _plain(start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
    body = f"{text}\n".encode()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
