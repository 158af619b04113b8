"""The endpoints of Badgr's API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from .keys import Keys
from .objects import assertion_object, class_object, issuer_object, public_object
from .records import FIRST_ISSUER, Assertion, Refusal, missing
from .world import World

MOST_ON_A_PAGE = 500
_ISSUER = "/v2/issuers/<issuer_id>"
_CLASS = "/v2/badgeclasses/<class_id>"


def add_api(app: Flask, world: World, keys: Keys) -> None:
    _add_tokens(app, keys)
    _add_objects(app, world)
    _add_assertions(app, world)
    _add_revocation(app, world)


def envelope(
    result: list[Any], status: int = 200, *, description: str = "ok", fields: Any = None, validation: Any = None
) -> Response:
    body: dict[str, Any] = {"status": {"success": status < 300, "description": description}, "result": result}
    if status >= 300:
        body |= {"fieldErrors": fields or {}, "validationErrors": validation or []}
    response = jsonify(body)
    response.status_code = status
    return response


def _body() -> Any:
    document = request.get_json(force=True, silent=True)
    if document is None:
        raise Refusal(400, "JSON parse error")
    return document


def _object() -> dict[str, Any]:
    document = _body()
    return document if isinstance(document, dict) else {}


def _base() -> str:
    return request.host_url.rstrip("/")


def _listed(items: list[Any], world: World) -> Response:
    """Return all items, or a page where ``num`` (or the knob) asks for one; the cursor is opaque to clients."""
    asked = request.args.get("num", "")
    size = min(int(asked), MOST_ON_A_PAGE) if asked.isascii() and asked.isdigit() else world.knobs.page_size
    size = min(size, world.knobs.page_size or size)
    if not size:
        return envelope(items)
    cursor = request.args.get("cursor", "")
    start = int(cursor[1:]) if cursor.startswith("p") and cursor[1:].isdigit() else 0
    response = envelope(items[start : start + size])
    if start + size < len(items):
        query = urlencode({**request.args.to_dict(), "cursor": f"p{start + size}"})
        response.headers["Link"] = f'<{request.base_url}?{query}>; rel="next"'
    return response


def _add_tokens(app: Flask, keys: Keys) -> None:
    @app.post("/o/token")
    def token() -> ResponseReturnValue:
        if request.args:
            return jsonify(error="Token grant parameters must be sent in post body, not query parameters"), 400
        answer, status = keys.grant(request.form.to_dict(), request.headers.get("Authorization", ""))
        return jsonify(answer), status

    @app.get("/health")
    def health() -> ResponseReturnValue:
        return jsonify(status="ok")


def _issuer(issuer_id: str) -> None:
    """Check that the sandbox has this issuer.

    :raises Refusal: 404.
    """
    if issuer_id != FIRST_ISSUER:
        raise missing()


def _add_objects(app: Flask, world: World) -> None:
    def classes() -> Response:
        shown = [class_object(each, _base(), world.knobs, world.expires) for each in world.badge_classes()]
        return _listed(shown, world)

    @app.get("/v2/users/self")
    def user() -> ResponseReturnValue:
        return envelope([{"entityType": "User", "entityId": "user"}])

    @app.get("/v2/issuers")
    def issuers() -> ResponseReturnValue:
        return envelope([issuer_object(_base(), world.knobs)])

    @app.get(_ISSUER)
    def issuer(issuer_id: str) -> ResponseReturnValue:
        _issuer(issuer_id)
        return envelope([issuer_object(_base(), world.knobs)])

    @app.get("/v2/badgeclasses")
    def all_classes() -> ResponseReturnValue:
        return classes()

    @app.get(f"{_ISSUER}/badgeclasses")
    def classes_of(issuer_id: str) -> ResponseReturnValue:
        _issuer(issuer_id)
        return classes()

    @app.get(_CLASS)
    def badge_class(class_id: str) -> ResponseReturnValue:
        return envelope([class_object(world.badge_class(class_id), _base(), world.knobs, world.expires)])


def _add_assertions(app: Flask, world: World) -> None:
    def shown(assertions: Iterable[Assertion]) -> list[dict[str, Any]]:
        return [assertion_object(each, _base(), world.knobs) for each in assertions]

    def listed(class_id: str | None) -> Response:
        found = world.assertions(
            class_id,
            request.args.get("recipient", ""),
            expired=request.args.get("include_expired") == "1",
            revoked=request.args.get("include_revoked") == "1",
        )
        return _listed(shown(found), world)

    @app.post(f"{_CLASS}/assertions")
    def issue(class_id: str) -> ResponseReturnValue:
        return envelope(shown(world.issue(class_id, [_object()], batch=False)), 201)

    @app.post(f"{_CLASS}/issue")
    def issue_batch(class_id: str) -> ResponseReturnValue:
        items = _object().get("assertions")
        return envelope(shown(world.issue(class_id, items if isinstance(items, list) else [], batch=True)), 201)

    @app.get(f"{_CLASS}/assertions")
    def assertions_of_class(class_id: str) -> ResponseReturnValue:
        world.badge_class(class_id)
        return listed(class_id)

    @app.get(f"{_ISSUER}/assertions")
    def assertions_of_issuer(issuer_id: str) -> ResponseReturnValue:
        _issuer(issuer_id)
        return listed(None)

    @app.get("/v2/assertions/<assertion_id>")
    def assertion(assertion_id: str) -> ResponseReturnValue:
        return envelope(shown([world.assertion(assertion_id)]))

    @app.get("/public/assertions/<assertion_id>")
    def public(assertion_id: str) -> ResponseReturnValue:
        return jsonify(public_object(world.assertion(assertion_id), _base()))


def _add_revocation(app: Flask, world: World) -> None:
    @app.delete("/v2/assertions/<assertion_id>")
    def revoke(assertion_id: str) -> ResponseReturnValue:
        revoked = world.revoke(assertion_id, _object().get("revocation_reason"))
        return envelope([assertion_object(revoked, _base(), world.knobs)])

    @app.post("/v2/assertions/revoke")
    def revoke_batch() -> ResponseReturnValue:
        """Revoke the assertion of each row; each row has an answer of its own."""
        rows = _body()
        answers = []
        for row in rows if isinstance(rows, list) else []:
            given = row if isinstance(row, dict) else {}
            answer: dict[str, Any] = {"entityId": given.get("entityId"), "revoked": True}
            try:
                world.revoke(str(given.get("entityId")), given.get("revocationReason"))
            except Refusal as refusal:
                answer |= {"revoked": False, "reason": (refusal.validation or [refusal.description])[0]}
            answers.append(answer)
        return envelope(answers)
