"""A log of the requests to a sandbox."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask

REMEMBERED_POSTS = 200_000
"""Maximum number of POSTs in the log."""


class Arrivals:
    """Log that counts requests by kind and records the time of each POST, including those that fail.

    :param kind_of: returns a request's kind from its path.
    """

    def __init__(self, kind_of: Callable[[str], str]) -> None:
        self._kind_of = kind_of
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._counts: Counter[str] = Counter()
            self._posts: deque[tuple[float, str]] = deque(maxlen=REMEMBERED_POSTS)

    def note(self, method: str, path: str) -> None:
        at = time.time()
        kind = self._kind_of(path)
        with self._lock:
            self._counts[f"{method} {kind}"] += 1
            if method == "POST":
                self._posts.append((at, kind))

    def watch(self, app: Flask) -> None:
        """Log every request to an application, except those to ``/_sandbox``."""
        inner = app.wsgi_app

        def noted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            path = environ.get("PATH_INFO", "")
            if not path.startswith("/_sandbox"):
                self.note(environ["REQUEST_METHOD"], path)
            return inner(environ, start_response)

        app.wsgi_app = noted  # type: ignore[method-assign]  # as Flask's documentation advises

    def report(self) -> dict[str, Any]:
        """Return ``counts`` by ``"POST badges/batch"`` and so on, and ``posts``: pairs of epoch seconds and kind."""
        with self._lock:
            return {"counts": dict(self._counts), "posts": list(self._posts)}
