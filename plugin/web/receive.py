"""One delivery, without a web framework: verify it, commit its events, answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from ..metrics.overview import LAST_EVENT
from ..runtime.tracing import describe, span
from ..sources.alm.webhook.authentication import Headers
from ..sources.alm.webhook.decoder import NotJsonError, decode
from ..sources.alm.webhook.endpoint import AlmEndpoint
from ..store import NewEvent, Store, StoreUnavailableError
from .endpoints import Endpoints

MAX_BODY = 1024 * 1024
"""Maximum bytes of a delivery's body."""

IDS_A_LINE = 100
"""Maximum correlation ids in one line of the log."""

log = logging.getLogger("badgerelay.web")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, one line of plain text, and headers besides type and length."""

    status: HTTPStatus
    text: str
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        return f"{self.text}\n".encode()


class BrokenBodyError(Exception):
    """The sender closed the connection before the body was complete."""


class EndlessBodyError(Exception):
    """The body has no Content-Length, and the server does not say where it ends."""


class BodyTooLargeError(Exception):
    """The sender announced a body that is larger than the limit."""


_STORED = Answer(HTTPStatus.ACCEPTED, "stored")
_TOO_LARGE = Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "larger than 1 MiB")
_LENGTH_REQUIRED = Answer(HTTPStatus.LENGTH_REQUIRED, "this server needs a Content-Length")
_WRONG_CREDENTIALS = Answer(
    HTTPStatus.UNAUTHORIZED, "wrong credentials", (("WWW-Authenticate", 'Basic realm="badgerelay"'),)
)


def receive(store: Store, endpoint: AlmEndpoint, headers: Headers, body: Callable[[int], bytes]) -> Answer:
    """Commit a delivery's events and answer 202; refuse what is not valid and store nothing of it.

    :param body: returns at most so many bytes of the body; called once, after the credentials
        were checked. It may raise BodyTooLargeError.
    :raises StoreUnavailableError: the database does not answer; nothing was stored.
    :raises BrokenBodyError: raised by ``body``, as EndlessBodyError is; nothing was stored.
    """
    if not endpoint.knows(headers.get("Authorization")):
        return _WRONG_CREDENTIALS
    try:
        content = body(MAX_BODY + 1)
        if len(content) > MAX_BODY:
            raise BodyTooLargeError
    except BodyTooLargeError:
        log.warning("a delivery for %s was refused: it is larger than 1 MiB", endpoint.name)
        return _TOO_LARGE
    if not endpoint.signed(headers, content):
        return _WRONG_CREDENTIALS
    try:
        events = endpoint.take(decode(content))
    except NotJsonError as error:
        log.warning("a delivery for %s was refused: %s", endpoint.name, error)
        return Answer(HTTPStatus.BAD_REQUEST, str(error))
    _commit(store, endpoint, events)
    return _STORED


def _commit(store: Store, endpoint: AlmEndpoint, events: list[NewEvent]) -> None:
    now = store.now()
    correlation_ids = store.inbox.add(events, now)
    if any(event.source == endpoint.source for event in events):
        store.measurements.happened(LAST_EVENT, endpoint.name, now)
    describe(connection=endpoint.name, correlation_ids=correlation_ids)
    for start in range(0, len(events) or 1, IDS_A_LINE):
        some = correlation_ids[start : start + IDS_A_LINE]
        carried = {"connection": endpoint.name, "correlation_ids": some}
        log.info("webhook %s: %d events", endpoint.name, len(some), extra=carried)


class Deliveries:
    """The receiver behind each web face: finds the endpoint, receives, wakes the engine, and answers every failure.

    :param wake: called with a connection's name after new events of it are committed.
    """

    def __init__(self, store: Store, wake: Callable[[str], None]) -> None:
        self._store = store
        self._wake = wake
        self._endpoints = Endpoints(store)
        self._warned: set[str] = set()

    def answer(self, method: str, name: str, headers: Headers, body: Callable[[int], bytes]) -> Answer:
        """Return the answer to one request of ``/webhooks/alm/<name>``; see :func:`receive`. Never raises."""
        if method != "POST":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, "deliveries are sent with POST", (("Allow", "POST"),))
        try:
            with span("badgerelay.webhook"):
                endpoint = self._endpoints.alm(name)
                if endpoint is None:
                    return Answer(HTTPStatus.NOT_FOUND, "no such connection")
                answer = receive(self._store, endpoint, headers, body)
        except StoreUnavailableError as error:
            log.error("a delivery for %.64r was not stored: %s", name, error)
            text = "not stored: the database does not answer; please deliver again"
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, text, (("Retry-After", "5"),))
        except BrokenBodyError:
            return Answer(HTTPStatus.BAD_REQUEST, "the body is not complete")
        except EndlessBodyError:
            log.warning(
                "a delivery for %.64r was refused: its body comes in chunks, and this WSGI server does not say where "
                "it ends; use `badgerelay serve`, or let a proxy buffer the body",
                name,
            )
            return _LENGTH_REQUIRED
        except Exception:
            log.exception("a delivery for %.64r failed", name)
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "badgerelay failed; see its log")
        if answer is _STORED:
            self._wake(name)
        elif answer is _WRONG_CREDENTIALS:
            self._warn(name, headers)
        return answer

    def _warn(self, name: str, headers: Headers) -> None:
        """Log once for each connection which headers a sender with wrong credentials sent."""
        if name not in self._warned:
            self._warned.add(name)
            names = ", ".join(sorted(header.lower() for header, _ in headers.items()))
            log.warning("a delivery for %s carries no valid credentials; its headers are: %s", name, names)
