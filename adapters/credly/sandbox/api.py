"""The endpoints of Credly's API."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, jsonify, request
from flask.typing import ResponseReturnValue

from .keys import Keys
from .lists import matching, ordered, page_of, question
from .objects import badge_object, organization_object, template_object
from .records import Badge, Refusal, Template
from .world import World

_ORGANIZATION = "/v1/organizations/<organization_id>"

_TEMPLATE_TESTS = {
    "state": lambda item, value: item.state == value,
    "name": lambda item, value: (
        item.name == value.strip('"') if value.startswith('"') else value.lower() in item.name.lower()
    ),
    "query": lambda item, value: value.lower() in item.name.lower(),
}
_BADGE_TESTS = {
    "recipient_email": lambda item, value: item.recipient_email.lower() == value.lower(),
    "recipient_email_all": lambda item, value: item.recipient_email.lower() == value.lower(),
    "badge_template_id": lambda item, value: item.template.id == value,
    "issuer_earner_id": lambda item, value: item.earner_id == value,
    "state": lambda item, value: item.state == value,
    "public": lambda item, value: (item.state == "accepted") == (value == "true"),
    "query": lambda item, value: value.lower() in f"{item.first_name} {item.last_name}".lower(),
}


def add_api(app: Flask, world: World, keys: Keys) -> None:
    _add_organizations(app, world, keys)
    _add_badges(app, world)


def body() -> dict[str, Any]:
    """Return the fields of the request: JSON, a form, or the query, as Credly takes any.

    :raises Refusal: 400.
    """
    if request.form or not request.get_data(cache=True):
        return {**request.args.to_dict(), **request.form.to_dict()}
    document = request.get_json(force=True, silent=True)
    if not isinstance(document, dict):
        raise Refusal(400, "The body is not JSON")
    return document


def _page(items: list[Any], world: World) -> tuple[list[Any], dict[str, Any]]:
    knobs = world.knobs
    base = (knobs.next_page_host or request.host_url).rstrip("/")
    address = f"{base}/api{request.path}"
    asked = question(request.args.to_dict())
    return page_of(items, asked, knobs.page_size, address, keep=not knobs.next_page_drops_filter)


def _add_organizations(app: Flask, world: World, keys: Keys) -> None:
    duplicates = world.knobs.allow_duplicates

    def shown(template: Template) -> dict[str, Any]:
        return template_object(template, world.organizations[template.organization_id], duplicates=duplicates)

    @app.post("/oauth/token")
    def oauth_token() -> ResponseReturnValue:
        try:
            return jsonify(keys.grant(body()))
        except Refusal as refusal:
            return jsonify(error=refusal.message, error_description=refusal.message), refusal.status

    @app.get("/v1/organizations")
    def list_organizations() -> ResponseReturnValue:
        items, metadata = _page([world.organizations[g.organization_id]], world)
        return jsonify(data=[organization_object(item) for item in items], metadata=metadata)

    @app.get(_ORGANIZATION)
    def organization(organization_id: str) -> ResponseReturnValue:
        return jsonify(data=organization_object(world.organizations[organization_id]), metadata={})

    @app.get(f"{_ORGANIZATION}/badge_templates")
    def list_templates(organization_id: str) -> ResponseReturnValue:
        asked = question(request.args.to_dict())
        found = matching(list(world.templates[organization_id].values()), asked, _TEMPLATE_TESTS)
        items, metadata = _page(ordered(found, asked, {"name": lambda item: item.name}), world)
        lost = world.knobs.list_loses if metadata["next_page_url"] is None else 0
        return jsonify(data=[shown(item) for item in items[: len(items) - lost]], metadata=metadata)

    @app.get(f"{_ORGANIZATION}/badge_templates/<template_id>")
    def template(organization_id: str, template_id: str) -> ResponseReturnValue:
        if template_id not in world.templates[organization_id]:
            raise Refusal(404, "Badge template not found")
        return jsonify(data=shown(world.templates[organization_id][template_id]), metadata={})


def show_badge(badge: Badge, world: World) -> dict[str, Any]:
    return badge_object(
        badge,
        world.organizations[badge.organization_id],
        duplicates=world.knobs.allow_duplicates,
        full_user=world.knobs.user == "full",
        web=request.host_url.rstrip("/"),
    )


def _add_badges(app: Flask, world: World) -> None:
    badges = f"{_ORGANIZATION}/badges"

    @app.post(badges)
    def issue(organization_id: str) -> ResponseReturnValue:
        (badge,) = world.issue(organization_id, [body()], batch=False)
        return jsonify(data=show_badge(badge, world), metadata={}), 201

    @app.post(f"{badges}/batch")
    def issue_batch(organization_id: str) -> ResponseReturnValue:
        items = body().get("badges")
        issued = world.issue(organization_id, items if isinstance(items, list) else [], batch=True)
        return jsonify(data=[show_badge(badge, world) for badge in issued], metadata={}), 201

    @app.get(badges)
    def list_badges(organization_id: str) -> ResponseReturnValue:
        asked = question(request.args.to_dict())
        people = ((key, asked.filters.get(key, [])) for key in ("issuer_earner_id", "recipient_email"))
        person = next(((key, values[0]) for key, values in people if len(values) == 1), None)
        found = matching(world.badges(organization_id, person), asked, _BADGE_TESTS)
        sortable = {
            "created_at": lambda item: item.order,
            "issued_at": lambda item: item.issued_at,
        }
        items, metadata = _page(ordered(found, asked, sortable), world)
        return jsonify(data=[show_badge(item, world) for item in items], metadata=metadata)

    @app.get(f"{badges}/<badge_id>")
    def badge(organization_id: str, badge_id: str) -> ResponseReturnValue:
        return jsonify(data=show_badge(world.badge(organization_id, badge_id), world), metadata={})

    @app.delete(f"{badges}/<badge_id>")
    def delete(organization_id: str, badge_id: str) -> ResponseReturnValue:
        world.delete(organization_id, badge_id)
        return "", 204

    @app.post(f"{badges}/<badge_id>/replace")
    def replace(organization_id: str, badge_id: str) -> ResponseReturnValue:
        new = world.replace(organization_id, badge_id, body())
        return jsonify(data=show_badge(new, world), metadata={}), world.knobs.replace_status

    @app.put(f"{badges}/<badge_id>/revoke")
    def revoke(organization_id: str, badge_id: str) -> ResponseReturnValue:
        reason = body().get("reason")
        revoked = world.revoke(organization_id, badge_id, reason if isinstance(reason, str) else "")
        return jsonify(data=show_badge(revoked, world), metadata={})
