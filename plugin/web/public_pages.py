"""``/public/<connection>/...``: the pages that a connection's adapter publishes.

An adapter publishes a WSGI application of its own, which is mounted here, in front of Flask.
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
"""Seconds until changed settings of a connection count."""

log = logging.getLogger("badgerelay.web")


class PublicPages:
    """A WSGI application that serves the adapters' pages and leaves every other path to ``inner``."""

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
        name, slash, path_inside = path.removeprefix(PREFIX).partition("/")
        try:
            app = self._published(name)
        except (StoreUnavailableError, AdapterError) as error:
            log.error("the public pages of %.64r cannot be served: %s", name, error)
            return _plain(start_response, "503 Service Unavailable", "not available now; please try again")
        if app is None or not slash:
            return _plain(start_response, "404 Not Found", "there is no page here")
        mounted = {
            **environ,
            "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + PREFIX + name,
            "PATH_INFO": f"/{path_inside}",
        }
        try:
            return app(mounted, start_response)
        except Exception:
            log.exception("a public page of %.64r failed", name)
            return _plain(start_response, "500 Internal Server Error", "badgerelay failed; see its log")

    def _published(self, name: str) -> WSGIApplication | None:
        """Return the adapter's application; None if it publishes none or there is no such connection."""
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
            # Outside of the guard, so that a slow adapter delays no other.
            made = (adapter, adapter.public())
        with self._guard:
            self._made[name] = made
            self._fresh[name] = (time.monotonic() + FRESH_SECONDS, made[1])
        return made[1]


def _plain(start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
    body = f"{text}\n".encode()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
