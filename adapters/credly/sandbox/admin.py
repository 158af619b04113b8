"""The control API of Credly's sandbox under ``/_sandbox``, for administrators and tests."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from ...sandbox import Arrivals
from .api import body, show_badge
from .keys import Keys
from .records import Refusal
from .world import World

_ANSWERS = {"accept": "accepted", "reject": "rejected"}
_CHANGES: dict[str, dict[str, Any]] = {
    "archive": {"state": "archived"},
    "draft": {"state": "draft"},
    "refuse": {"refused": True},
    "restore": {"state": "active", "refused": False},
}


def add_admin(app: Flask, world: World, keys: Keys, arrivals: Arrivals) -> None:
    """Add ``GET badges`` and ``requests``; ``POST badges/<id>/accept`` or ``reject``, ``tokens`` and ``reset``.

    ``POST templates`` creates a template (``{"name": ..., "state": ...}``); ``POST templates/<id>/`` and ``archive``,
    ``draft``, ``delete``, ``restore``, ``rename`` (``{"name": ...}``) or ``image`` changes one; ``refuse`` lets it be
    listed as it is and issues nothing from it.
    """

    @app.get("/_sandbox/badges")
    def sandbox_badges() -> ResponseReturnValue:
        counts = world.counts()
        if request.args.get("format") == "count":
            return jsonify(counts=counts)
        return jsonify(counts=counts, badges=[show_badge(badge, world) for badge in world.badges()])

    @app.get("/_sandbox/requests")
    def sandbox_requests() -> ResponseReturnValue:
        return jsonify(arrivals.report())

    @app.post("/_sandbox/badges/<badge_id>/<answer>")
    def sandbox_answer(badge_id: str, answer: str) -> ResponseReturnValue:
        if answer not in _ANSWERS:
            raise Refusal(404, "accept or reject")
        badge = world.badge("", badge_id)
        if badge.state == "revoked":
            raise Refusal(422, "The badge has been revoked")
        world.set_state(badge, _ANSWERS[answer])
        return jsonify(data=show_badge(badge, world), metadata={})

    @app.post("/_sandbox/templates")
    def sandbox_new_template() -> ResponseReturnValue:
        wanted = body()
        template = world.add_template(
            str(wanted.get("organization_id") or next(iter(world.organizations))),
            str(wanted.get("name") or "New badge"),
            str(wanted.get("state") or "active"),
        )
        return jsonify(id=template.id, name=template.name, state=template.state), 201

    @app.post("/_sandbox/templates/<template_id>/<change>")
    def sandbox_change_template(template_id: str, change: str) -> ResponseReturnValue:
        if change == "delete":
            template = world.delete_template(template_id)
        elif change in _CHANGES:
            template = world.change_template(template_id, **_CHANGES[change])
        elif change == "rename":
            template = world.change_template(template_id, name=str(body().get("name") or "Renamed badge"))
        elif change == "image":
            template = world.change_template(template_id, image=secrets.randbelow(10**9))
        else:
            raise Refusal(404, "archive, draft, delete, refuse, restore, rename or image")
        return jsonify(id=template.id, name=template.name, state=template.state)

    @app.post("/_sandbox/tokens")
    def sandbox_tokens() -> ResponseReturnValue:
        """End or replace a token; without a token, end all access tokens.

        The body: ``{"token": old, "replacement": new, "write": true}``.
        """
        wanted = body()
        ended = keys.change(
            wanted.get("token"), wanted.get("replacement"), may_write=wanted.get("write", True) is True
        )
        return jsonify(ended=ended)

    @app.post("/_sandbox/reset")
    def sandbox_reset() -> ResponseReturnValue:
        world.reset()
        keys.reset()
        arrivals.reset()
        return "", 204
