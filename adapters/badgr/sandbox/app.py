"""A local sandbox of Badgr: the API v2 over a world in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from flask import Flask, Request, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ...sandbox import Arrivals, Faults, Window, add_console, install, read_knobs
from .api import add_api, envelope
from .keys import Keys
from .knobs import Knobs
from .records import Refusal
from .world import World

MAX_BODY_BYTES = 8 * 1024 * 1024
_ID = re.compile(r"(?<=issuers/|ertions/|classes/)(?!revoke|changed)[^/]+")


def create_sandbox(values: Mapping[str, str]) -> Flask:
    """Return a Flask application with its own state in memory.

    :param values: knobs by name, see :class:`Knobs`.
    :raises ValueError: names the knob or the fault that is not valid.
    """
    knobs = read_knobs(Knobs, values)
    faults = Faults(knobs.faults)
    world, keys = World(knobs), Keys(knobs)
    arrivals = Arrivals(lambda path: _ID.sub(":id", path.removeprefix("/v2/").removeprefix("/")))
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, lambda error: envelope([], error.code or 500, description=error.name))
    _add_gate(app, keys, knobs)
    add_api(app, world, keys)
    add_console(app, world, arrivals, keys.end_all)
    install(app, faults, only=_is_api)
    arrivals.watch(app)
    return app


def _is_api(candidate: Request) -> bool:
    return candidate.path.startswith(("/v2/", "/o/"))


def _add_gate(app: Flask, keys: Keys, knobs: Knobs) -> None:
    """Require a token and the rate limit for each call of the API."""
    window = Window(knobs.limit, knobs.window)

    @app.before_request
    def gate() -> ResponseReturnValue | None:
        if not request.path.startswith("/v2/"):
            return None
        wait = window.wait()
        if wait:
            response = envelope([], 429, description="too many requests")
            if knobs.retry_after:
                response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        keys.check(request.headers.get("Authorization", ""))
        return None


def _refused(refusal: Refusal) -> ResponseReturnValue:
    return envelope(
        [],
        refusal.status,
        description=refusal.description,
        fields=refusal.fields,
        validation=refusal.validation,
    )
