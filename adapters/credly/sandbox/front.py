"""Before the API: tolerant paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...sandbox import Arrivals

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ORGANIZATION = re.compile(r"^/v1/organizations/[^/]+/(?=.)")
_BARE_ORGANIZATION = re.compile(r"^/v1/organizations/[^/]+$")
_ID = re.compile(r"(?<=badges/|plates/)(?!batch)[^/]+")


def kind_of(path: str) -> str:
    """``badges/batch`` and the like: the path without organization and ids."""
    return _ID.sub(":id", _ORGANIZATION.sub("", _BARE_ORGANIZATION.sub("organization", path)))


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
