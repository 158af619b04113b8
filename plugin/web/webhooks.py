"""The two faces of the receiver, ``POST /webhooks/alm/<connection>``: plain WSGI, and a Flask Blueprint.

``badgerelay serve`` uses the WSGI face, since Flask's routing and contexts would cost more than all that a delivery
needs, and deliveries come in bursts. A host mounts the Blueprint in its own Flask application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from ..store import Store
from .receive import Answer, BodyTooLargeError, BrokenBodyError, Deliveries, EndlessBodyError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Blueprint

PREFIX = "/webhooks/alm/"


class Webhooks:
    """A WSGI application that answers deliveries and leaves every other path to ``inner``.

    :param wake: called with a connection's name after new events of it are committed.
    """

    def __init__(self, inner: WSGIApplication, store: Store, wake: Callable[[str], None]) -> None:
        self._inner = inner
        self._deliveries = Deliveries(store, wake)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._inner(environ, start_response)
        answer = _answer(self._deliveries, environ, path[len(PREFIX) :])
        body = answer.body
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *answer.headers,
        ]
        start_response(f"{answer.status:d} {answer.status.phrase}", headers)
        return [body]


def webhooks_blueprint(store: Store, wake: Callable[[str], None] = lambda _: None) -> Blueprint:
    """Return a Blueprint that receives ALM's deliveries inside a Flask application of the host.

    The Blueprint reads the body itself, so that the host's ``MAX_CONTENT_LENGTH`` does not apply to it.

    :param wake: called with a connection's name after new events of it are committed; a :class:`Relay`'s engine
        finds them by itself.
    """
    from flask import Blueprint, Response, request

    deliveries = Deliveries(store, wake)
    blueprint = Blueprint("badgerelay_webhooks", "badgerelay")

    @blueprint.route(f"{PREFIX}<path:name>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def deliver(name: str) -> Response:
        answer = _answer(deliveries, request.environ, name)
        return Response(answer.body, answer.status, list(answer.headers), mimetype="text/plain")

    return blueprint


def _answer(deliveries: Deliveries, environ: WSGIEnvironment, name: str) -> Answer:
    return deliveries.answer(
        environ["REQUEST_METHOD"], name, EnvironHeaders(environ), lambda size: _read(environ, size)
    )


def _read(environ: WSGIEnvironment, size: int) -> bytes:
    """Return at most ``size`` bytes of the body, with or without a Content-Length."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower() and not environ.get("wsgi.input_terminated"):
        raise EndlessBodyError  # read as empty, it would be acknowledged and lost
    try:
        # A stream of unknown length may complain where the body ends exactly at the limit, so the receiver counts.
        return get_input_stream(environ, max_content_length=size).read(size)
    except RequestEntityTooLarge:
        raise BodyTooLargeError from None
    except ClientDisconnected:
        raise BrokenBodyError from None
