"""What administrators and tests do to a sandbox, under ``/_sandbox``."""

from __future__ import annotations

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from .api import body, show_badge
from .front import Arrivals
from .keys import Keys
from .records import Refusal
from .world import World

_ANSWERS = {"accept": "accepted", "reject": "rejected"}


def add_admin(app: Flask, world: World, keys: Keys, arrivals: Arrivals) -> None:
    """``GET badges`` and ``requests``; ``POST badges/<id>/accept`` or ``reject``, ``tokens`` and ``reset``."""

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

    @app.post("/_sandbox/tokens")
    def sandbox_tokens() -> ResponseReturnValue:
        """``{"token": old, "replacement": new, "write": true}``; without a token it ends all access tokens."""
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
