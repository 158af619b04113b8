"""A local sandbox of Accredible: the API v1 and v2 over a world in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from flask import Flask, Request, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ...sandbox import Arrivals, Faults, Window, add_console, install, read_knobs
from .api import add_api
from .knobs import Knobs
from .records import API_KEY, Refusal
from .world import World

MAX_BODY_BYTES = 8 * 1024 * 1024
_ID = re.compile(r"(?<=credentials/)(?!search|bulk)[^/]+")


def create_sandbox(values: Mapping[str, str]) -> Flask:
    """Return a Flask application with its own state in memory.

    :param values: knobs by name, see :class:`Knobs`.
    :raises ValueError: names the knob or the fault that is not valid.
    """
    knobs = read_knobs(Knobs, values)
    if not knobs.page_size:
        raise ValueError("knob page_size is 1 or more")
    faults = Faults(knobs.faults)
    world = World(knobs)
    arrivals = Arrivals(lambda path: _ID.sub(":id", path.removeprefix("/")))
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    app.register_error_handler(Refusal, lambda refusal: _refused(refusal, knobs))
    app.register_error_handler(HTTPException, lambda error: (jsonify(error=error.name), error.code or 500))
    _add_gate(app, knobs)
    add_api(app, world)
    add_console(app, world, arrivals, lambda: 0)
    install(app, faults, only=_is_api)
    arrivals.watch(app)
    return app


def _is_api(candidate: Request) -> bool:
    return candidate.path.startswith(("/v1/", "/v2/"))


def _add_gate(app: Flask, knobs: Knobs) -> None:
    """Require the key in its documented form, and the rate limit, for each call of the API."""
    window = Window(knobs.limit, knobs.window)

    @app.before_request
    def gate() -> ResponseReturnValue | None:
        if not _is_api(request):
            return None
        wait = window.wait()
        if wait:
            response = jsonify(error="Too many requests")
            if knobs.retry_after:
                response.headers["Retry-After"] = str(math.ceil(wait))
            return response, 429
        if request.headers.get("Authorization", "") == f"Token token={API_KEY}":
            return None
        if knobs.unauthorized == "data":
            return jsonify(success=False, data="Unauthorized"), 401
        return "HTTP Token: Access denied.\n", 401, {"Content-Type": "text/plain"}


def _refused(refusal: Refusal, knobs: Knobs) -> ResponseReturnValue:
    """Return a refusal in one of the shapes of Accredible's errors."""
    message = f"{refusal.property} {refusal.message}".strip()
    match knobs.error_shape:
        case "errors":
            return jsonify(errors=message), refusal.status
        case "error":
            return jsonify(error=message), refusal.status
        case "data":
            return jsonify(success=False, data=message), refusal.status
        case "message":
            code = "invalid_search_query"
            return jsonify(code=refusal.status, message=message, status=code, errors={}), refusal.status
    return jsonify(errors={refusal.property or "base": [refusal.message]}), refusal.status
