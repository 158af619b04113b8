"""Before the API: tolerant paths, and a record of what arrived."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REMEMBERED_POSTS = 200_000
_ORGANIZATION = re.compile(r"^/v1/organizations/[^/]+/(?=.)")
_BARE_ORGANIZATION = re.compile(r"^/v1/organizations/[^/]+$")
_ID = re.compile(r"(?<=badges/|plates/)(?!batch)[^/]+")


class Arrivals:
    """Counts requests by kind, and keeps the time of each POST, also of those that a fault befalls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._counts: Counter[str] = Counter()
            self._posts: deque[tuple[float, str]] = deque(maxlen=REMEMBERED_POSTS)

    def note(self, method: str, path: str) -> None:
        at = time.time()
        kind = _ID.sub(":id", _ORGANIZATION.sub("", _BARE_ORGANIZATION.sub("organization", path)))
        with self._lock:
            self._counts[f"{method} {kind}"] += 1
            if method == "POST":
                self._posts.append((at, kind))

    def report(self) -> dict[str, Any]:
        """``counts`` by ``"POST badges/batch"`` and the like; ``posts`` as pairs of epoch seconds and kind."""
        with self._lock:
            return {"counts": dict(self._counts), "posts": list(self._posts)}


class Front:
    """Serves ``/api/v1`` as ``/v1``, and trailing or doubled slashes as if they were not there."""

    def __init__(self, inner: WSGIApplication, arrivals: Arrivals) -> None:
        self._inner = inner
        self._arrivals = arrivals

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = re.sub("/{2,}", "/", environ.get("PATH_INFO", "")).rstrip("/") or "/"
        path = path.removeprefix("/api") if path.startswith("/api/v1/") else path
        environ["PATH_INFO"] = path
        if not path.startswith("/_sandbox"):
            self._arrivals.note(environ["REQUEST_METHOD"], path)
        return self._inner(environ, start_response)
