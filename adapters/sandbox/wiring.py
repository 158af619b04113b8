"""Puts faults into a sandbox, and lets them be seen and changed while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Request, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from .faults import Fault, Faults

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"


def install(app: Flask, faults: Faults, *, only: Callable[[Request], bool]) -> None:
    """Let faults befall the requests that ``only`` selects, and serve them at ``/_sandbox/faults``.

    ``GET /_sandbox/faults`` answers ``{"spec": text, "drawn": {name: count}}``; ``PUT`` takes another text as
    its body, ``text/plain``, and answers the same, or 400 with ``{"error": ...}``. Faults never befall these.
    """
    inner = app.wsgi_app

    def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/_sandbox") or not only(app.request_class(environ)):
            return inner(environ, start_response)
        if faults.latency:
            time.sleep(faults.latency)
        fault = faults.draw()
        answer = inner if fault is None else _answer(inner, environ, fault)
        return answer(environ, start_response)

    app.wsgi_app = faulty  # type: ignore[method-assign]  # as Flask's documentation advises
    app.add_url_rule("/_sandbox/faults", "sandbox_faults", _console(faults), methods=["GET", "PUT"])


def _answer(inner: WSGIApplication, environ: WSGIEnvironment, fault: Fault) -> WSGIApplication:
    """:raises ConnectionAbortedError: the connection is to be closed without an answer."""
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return inner
    if fault.kind in {"lost", "500after"}:
        Response.from_app(inner, environ, buffered=True).close()
    if fault.kind in {"lost", "down"}:
        raise ConnectionAbortedError(fault.kind)
    if fault.kind == "html502":
        return Response(BAD_GATEWAY, 502, mimetype="text/html")
    if fault.kind == "expired":
        return _json(401, "The access token expired")
    if fault.kind == "429":
        response = _json(429, "Too many requests")
        response.headers["Retry-After"] = f"{fault.seconds:g}"
        return response
    if fault.kind == "429bare":
        return _json(429, "Too many requests")
    return _json(500, "Internal server error")


def _json(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, mimetype="application/json")


def _console(faults: Faults) -> Callable[[], ResponseReturnValue]:
    def console() -> ResponseReturnValue:
        if request.method == "PUT":
            try:
                faults.change(request.get_data(as_text=True))
            except ValueError as error:
                return jsonify(error=str(error)), 400
        return jsonify(spec=str(faults), drawn=faults.drawn)

    return console
