"""``POST /webhooks/alm/<connection>``: 202 once committed.

Plain WSGI in front of Flask: Flask's routing and contexts would cost more than all that is done here, and
deliveries come in bursts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from ..metrics.overview import LAST_EVENT
from ..runtime.tracing import describe, span
from ..sources.alm.webhook.decoder import NotJsonError, decode
from ..sources.alm.webhook.endpoint import AlmDoor
from ..store import NewEvent, Store, StoreUnavailableError
from .endpoints import Doors

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/webhooks/alm/"
MAX_BODY = 1024 * 1024
"""Bytes of a delivery; counted as they come where no Content-Length says."""

IDS_A_LINE = 100
"""Correlation ids in one line of the log."""

log = logging.getLogger("badgerelay.web")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    text: str
    headers: tuple[tuple[str, str], ...] = ()


_STORED = _Answer(HTTPStatus.ACCEPTED, "stored")
_TOO_LARGE = _Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "larger than 1 MiB")


class Webhooks:
    """A WSGI application that takes deliveries, and leaves every other path to ``inner``.

    :param wake: called with a connection's name after new events of it are committed.
    """

    def __init__(self, inner: WSGIApplication, store: Store, wake: Callable[[str], None]) -> None:
        self._inner = inner
        self._store = store
        self._doors = Doors(store)
        self._wake = wake

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._inner(environ, start_response)
        answer = self._answer(environ, path[len(PREFIX) :])
        body = f"{answer.text}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *answer.headers,
        ]
        start_response(f"{answer.status:d} {answer.status.phrase}", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment, name: str) -> _Answer:
        if environ["REQUEST_METHOD"] != "POST":
            return _Answer(HTTPStatus.METHOD_NOT_ALLOWED, "deliveries are sent with POST", (("Allow", "POST"),))
        try:
            with span("badgerelay.webhook"):
                return self._receive(environ, name)
        except StoreUnavailableError as error:
            log.error("a delivery for %.64r was not stored: %s", name, error)
            text = "not stored: the database does not answer; please deliver again"
            return _Answer(HTTPStatus.SERVICE_UNAVAILABLE, text, (("Retry-After", "5"),))
        except ClientDisconnected:
            return _Answer(HTTPStatus.BAD_REQUEST, "the body is not complete")
        except Exception:
            log.exception("a delivery for %.64r failed", name)
            return _Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "badgerelay failed; its log says how")

    def _receive(self, environ: WSGIEnvironment, name: str) -> _Answer:
        door = self._doors.alm(name)
        if door is None:
            return _Answer(HTTPStatus.NOT_FOUND, "no such connection")
        if not door.knows(environ.get("HTTP_AUTHORIZATION")):
            return self._stranger(environ, name)
        try:
            # A stream of unknown length also complains, or not, where it ends exactly at its limit: count ourselves.
            body = get_input_stream(environ, max_content_length=MAX_BODY + 1).read(MAX_BODY + 1)
            if len(body) > MAX_BODY:
                raise RequestEntityTooLarge
        except RequestEntityTooLarge:
            log.warning("a delivery for %s was refused: it is larger than 1 MiB", name)
            return _TOO_LARGE
        if door.reads_signature and not door.signed(dict(EnvironHeaders(environ)), body):
            return self._stranger(environ, name)
        try:
            events = door.take(decode(body))
        except NotJsonError as error:
            log.warning("a delivery for %s was refused: %s", name, error)
            return _Answer(HTTPStatus.BAD_REQUEST, str(error))
        self._store_events(door, events)
        return _STORED

    def _store_events(self, door: AlmDoor, events: list[NewEvent]) -> None:
        now = self._store.now()
        correlation_ids = self._store.inbox.add(events, now)
        self._wake(door.name)
        if any(event.source == door.source for event in events):
            self._store.measurements.happened(LAST_EVENT, door.name, now)
        describe(connection=door.name, correlation_ids=correlation_ids)
        for start in range(0, len(events) or 1, IDS_A_LINE):
            some = correlation_ids[start : start + IDS_A_LINE]
            carried = {"connection": door.name, "correlation_ids": some}
            log.info("webhook %s: %d events", door.name, len(some), extra=carried)

    def _stranger(self, environ: WSGIEnvironment, name: str) -> _Answer:
        if name not in self._doors.warned:
            self._doors.warned.add(name)
            names = ", ".join(sorted(header.lower() for header, _ in EnvironHeaders(environ)))
            log.warning("a delivery for %s carries no valid credentials; its headers are: %s", name, names)
        challenge = (("WWW-Authenticate", 'Basic realm="badgerelay"'),)
        return _Answer(HTTPStatus.UNAUTHORIZED, "wrong credentials", challenge)
