"""Credly's Web Service API v1 over a world in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from flask import Flask, Request, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ...sandbox import Arrivals, Faults, Window, install, read_knobs
from .admin import add_admin
from .api import add_api
from .front import Front, kind_of
from .keys import Keys
from .knobs import Knobs
from .records import Refusal
from .web import add_pages
from .world import World

MAX_BODY_BYTES = 8 * 1024 * 1024
_ORGANIZATION = re.compile(r"/v1/organizations/([^/]+)")


def create_sandbox(values: Mapping[str, str]) -> Flask:
    """A Flask app; its state is gone with it.

    :param values: knobs by name, see :class:`Knobs`.
    :raises ValueError: names the knob or the fault that is wrong.
    """
    knobs = read_knobs(Knobs, values)
    if not (knobs.page_size and knobs.batch_max and knobs.organizations):
        raise ValueError("knobs page_size, batch_max and organizations are 1 or more")
    faults = Faults(knobs.faults)
    world, arrivals = World(knobs), Arrivals(kind_of)
    keys = Keys(world.organizations, trailing_pipe=knobs.trailing_pipe)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    app.register_error_handler(Refusal, lambda refusal: _refused(refusal, knobs))
    app.register_error_handler(HTTPException, _failed)
    _add_gate(app, keys, knobs)
    add_api(app, world, keys)
    add_pages(app, world)
    add_admin(app, world, keys, arrivals)
    install(app, faults, only=_is_api, part_of=_organization)
    app.wsgi_app = Front(app.wsgi_app, arrivals)  # type: ignore[method-assign]  # as Flask's documentation advises
    return app


def _is_api(candidate: Request) -> bool:
    return candidate.path.startswith(("/v1/", "/oauth/"))


def _organization(candidate: Request) -> str:
    """The id in the path, for faults of one organization alone."""
    found = _ORGANIZATION.match(candidate.path)
    return found[1] if found else ""


def _add_gate(app: Flask, keys: Keys, knobs: Knobs) -> None:
    """Every call of the API shows a key, for its own organization, within the limit."""
    window = Window(knobs.per_minute, 60)

    @app.before_request
    def gate() -> ResponseReturnValue | None:
        if not request.path.startswith("/v1/"):
            return None
        wait = window.wait()
        if wait:
            response = jsonify(data={"message": "Rate limit exceeded"}, metadata={})
            if knobs.retry_after:
                response.headers["Retry-After"] = str(math.ceil(wait))
            return response, 429
        key = keys.key(request.headers.get("Authorization", ""))
        wanted = (request.view_args or {}).get("organization_id", key.organization_id)
        if wanted != key.organization_id:
            raise Refusal(knobs.foreign_organization, "Organization not found")
        if request.method != "GET" and not key.may_write:
            raise Refusal(403, "This token may not write")
        g.organization_id = key.organization_id
        return None


def _refused(refusal: Refusal, knobs: Knobs) -> Response:
    data: dict[str, Any] = {"message": refusal.message}
    if refusal.attribute is not None:
        text = refusal.message.removeprefix("Validation failed: ")
        data["errors"] = [
            {
                "attribute": refusal.attribute,
                "attribute_label": refusal.attribute.replace("_", " ").capitalize(),
                "messages": [text] if knobs.errors_messages == "list" else text,
            }
        ]
    if refusal.error_index is not None:
        data["error_index"] = refusal.error_index
    response = jsonify(data=data, metadata=refusal.metadata)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Basic"
    response.status_code = refusal.status
    return response


def _failed(error: HTTPException) -> ResponseReturnValue:
    return jsonify(data={"message": error.name}, metadata={}), error.code or 500
