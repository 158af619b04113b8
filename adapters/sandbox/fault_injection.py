"""Inject faults into a sandbox, and show and change them while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from itertools import cycle
from typing import TYPE_CHECKING

from flask import Flask, Request, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from .faults import Fault, Faults

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
HUGE_BYTES = 20 * 1024 * 1024
_GARBLED = cycle(
    (
        b"null",
        b"7",
        b'"text"',
        b"[]",
        b"{}",
        b"[null, 7, [], {}]",
        b'{"data": 7, "items": "text", "results": null, "id": [], "badge": {}}',
        b'{"data": [7, null], "items": [null, 7], "results": [{}, 7], "metadata": []}',
        b'{"data": {"id": {}}, "items": [{"id": 7}], "id": NaN, "state": 7}',
        b"[" * 100_000,
        b'{"data": "\xff\xfe"}',
        b"not JSON",
    )
)


def install(
    app: Flask,
    faults: Faults,
    *,
    only: Callable[[Request], bool],
    part_of: Callable[[Request], str] = lambda _: "",
) -> None:
    """Apply faults to the requests that ``only`` selects, and serve them at ``/_sandbox/faults``.

    ``GET /_sandbox/faults`` answers ``{"spec": text, "drawn": {name: count}}``; ``PUT`` takes another text as
    its body, ``text/plain``, and answers the same, or 400 with ``{"error": ...}``. These requests never fail.

    ``PUT /_sandbox/faults/<part>`` sets separate faults for one part of the sandbox, in place of the general ones,
    until ``DELETE``.

    :param part_of: returns the part that a request is for, such as its organization.
    """
    inner = app.wsgi_app
    parts: dict[str, Faults] = {}

    def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/_sandbox") or not only(app.request_class(environ)):
            return inner(environ, start_response)
        own = parts.get(part_of(app.request_class(environ)), faults) if parts else faults
        if own.latency:
            time.sleep(own.latency)
        fault = None if own.spare(environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")) else own.draw()
        answer = inner if fault is None else _answer(inner, environ, fault)
        return answer(environ, start_response)

    app.wsgi_app = faulty  # type: ignore[method-assign]  # as Flask's documentation advises
    app.add_url_rule("/_sandbox/faults", "sandbox_faults", _console(faults), methods=["GET", "PUT"])
    app.add_url_rule(
        "/_sandbox/faults/<part>", "sandbox_part_faults", _part_console(parts), methods=["GET", "PUT", "DELETE"]
    )


def _answer(inner: WSGIApplication, environ: WSGIEnvironment, fault: Fault) -> WSGIApplication:
    """Return the application that answers. :raises ConnectionAbortedError: close the connection without answer."""
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return inner
    if fault.kind in {"lost", "500after", "garbled", "huge"}:
        Response.from_app(inner, environ, buffered=True).close()
    if fault.kind in {"lost", "down"}:
        raise ConnectionAbortedError(fault.kind)
    if fault.kind == "garbled":
        return Response(next(_GARBLED), 200, mimetype="application/json")
    if fault.kind == "huge":
        return Response(b"[" + b'"",' * (HUGE_BYTES // 3) + b'""]', 200, mimetype="application/json")
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
        return _put(faults) if request.method == "PUT" else _shown(faults)

    return console


def _part_console(parts: dict[str, Faults]) -> Callable[[str], ResponseReturnValue]:
    def console(part: str) -> ResponseReturnValue:
        if request.method == "PUT":
            return _put(parts.setdefault(part, Faults()))
        if part not in parts:
            return jsonify(error="this part has no faults of its own"), 404
        if request.method == "DELETE":
            del parts[part]
            return "", 204
        return _shown(parts[part])

    return console


def _put(faults: Faults) -> ResponseReturnValue:
    try:
        faults.change(request.get_data(as_text=True))
    except ValueError as error:
        return jsonify(error=str(error)), 400
    return _shown(faults)


def _shown(faults: Faults) -> ResponseReturnValue:
    return jsonify(spec=str(faults), drawn=faults.drawn)
