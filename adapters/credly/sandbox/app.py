"""A local sandbox of Credly: the Web Service API v1 and the badge pages, over a world in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, g, jsonify, render_template_string, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ...sandbox import Arrivals, Faults, Window, install, read_knobs
from .admin import add_admin
from .api import add_api
from .keys import Keys
from .knobs import Knobs
from .records import Refusal
from .world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES = 8 * 1024 * 1024
_ORGANIZATION = re.compile(r"/v1/organizations/([^/]+)")
_BELOW_ORGANIZATION = re.compile(r"^/v1/organizations/[^/]+/(?=.)")
_BARE_ORGANIZATION = re.compile(r"^/v1/organizations/[^/]+$")
_ID = re.compile(r"(?<=badges/|plates/)(?!batch)[^/]+")
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{{ badge.template.name }} was issued by {{ issuer }} to {{ badge.first_name }} {{ badge.last_name }}.</title>
</head><body><h1>{{ badge.template.name }}</h1><p>{{ badge.first_name }} {{ badge.last_name }}, {{ badge.state }}</p>
<p>A local sandbox made this page. It is not Credly.</p></body></html>
"""


def create_sandbox(values: Mapping[str, str]) -> Flask:
    """Return a Flask application with its own state in memory.

    :param values: knobs by name, see :class:`Knobs`.
    :raises ValueError: names the knob or the fault that is not valid.
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
    _add_pages(app, world)
    add_admin(app, world, keys, arrivals)
    install(app, faults, only=_is_api, part_of=_organization)
    app.wsgi_app = _TolerantPaths(app.wsgi_app, arrivals)  # type: ignore[method-assign]  # as Flask's documentation advises
    return app


def kind_of(path: str) -> str:
    """Return the path without organization and ids: ``badges/batch``, ``badges/:id``."""
    return _ID.sub(":id", _BELOW_ORGANIZATION.sub("", _BARE_ORGANIZATION.sub("organization", path)))


class _TolerantPaths:
    """WSGI layer that serves ``/api/v1`` as ``/v1``, ignores trailing and doubled slashes, and logs the request."""

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


def _add_pages(app: Flask, world: World) -> None:
    """Serve a minimal page under each address that a badge has."""

    def page(badge_id: str) -> ResponseReturnValue:
        badge = world.badge("", badge_id)
        return render_template_string(_PAGE, badge=badge, issuer=world.organizations[badge.organization_id].name)

    for rule in ("/badges/<badge_id>", "/embedded_badge/<badge_id>"):
        app.add_url_rule(rule, rule, page)
    for verb in ("public_url", "accept", "linked_in_profile"):
        app.add_url_rule(f"/badges/<badge_id>/{verb}", f"badge_{verb}", page)


def _is_api(candidate: Request) -> bool:
    return candidate.path.startswith(("/v1/", "/oauth/"))


def _organization(candidate: Request) -> str:
    """Return the organization's id in the path, for faults that concern one organization."""
    found = _ORGANIZATION.match(candidate.path)
    return found[1] if found else ""


def _add_gate(app: Flask, keys: Keys, knobs: Knobs) -> None:
    """Require a key of the same organization, and the rate limit, for each call of the API."""
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
