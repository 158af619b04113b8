"""The control API of a sandbox under ``/_sandbox``, for administrators and tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from .request_log import Arrivals

_ENDED = {"revoked", "deleted", "expired"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A badge in the form that all sandboxes share."""

    id: str
    template_id: str
    template_name: str
    recipient_email: str
    state: str
    issued_at: str
    expires_at: str | None


class World(Protocol):
    """The state of a sandbox. Each method except the first raises KeyError for an unknown id."""

    def shown(self) -> list[Shown]: ...

    def change_badge(self, badge_id: str, verb: str) -> None: ...

    def change_template(self, template_id: str, verb: str, values: dict[str, Any]) -> None: ...

    def add_template(self, name: str) -> str:
        """Add a badge template and return its id."""

    def reset(self) -> None: ...


def add_console(app: Flask, world: World, arrivals: Arrivals, end_tokens: Callable[[], int]) -> None:
    """Add ``GET badges`` and ``requests``; ``POST badges/<id>/<verb>``, ``templates``, ``templates/<id>/<verb>``,
    ``tokens`` (which ends every access token) and ``reset``.
    """

    @app.get("/_sandbox/badges")
    def sandbox_badges() -> ResponseReturnValue:
        badges = world.shown()
        if request.args.get("format") == "count":
            return jsonify(counts=_counts(badges))
        return jsonify(counts=_counts(badges), badges=[_row(badge) for badge in badges])

    @app.get("/_sandbox/requests")
    def sandbox_requests() -> ResponseReturnValue:
        return jsonify(arrivals.report())

    @app.post("/_sandbox/badges/<badge_id>/<verb>")
    def sandbox_badge(badge_id: str, verb: str) -> ResponseReturnValue:
        return _done(lambda: world.change_badge(badge_id, verb))

    @app.post("/_sandbox/templates")
    def sandbox_new_template() -> ResponseReturnValue:
        return jsonify(id=world.add_template(str(_body().get("name") or "New badge"))), 201

    @app.post("/_sandbox/templates/<template_id>/<verb>")
    def sandbox_template(template_id: str, verb: str) -> ResponseReturnValue:
        return _done(lambda: world.change_template(template_id, verb, _body()))

    @app.post("/_sandbox/tokens")
    def sandbox_tokens() -> ResponseReturnValue:
        return jsonify(ended=end_tokens())

    @app.post("/_sandbox/reset")
    def sandbox_reset() -> ResponseReturnValue:
        world.reset()
        arrivals.reset()
        return "", 204


def _counts(badges: list[Shown]) -> dict[str, Any]:
    """Count badges by state, by template and in total; ``duplicates`` counts the live badges beyond the first."""
    people = Counter((badge.template_id, badge.recipient_email) for badge in badges if badge.state not in _ENDED)
    return {
        "total": len(badges),
        "live": sum(people.values()),
        "duplicates": sum(people.values()) - len(people),
        "by_state": Counter(badge.state for badge in badges),
        "by_template": Counter(badge.template_id for badge in badges),
    }


def _row(badge: Shown) -> dict[str, Any]:
    return {**asdict(badge), "badge_template": {"id": badge.template_id, "name": badge.template_name}}


def _body() -> dict[str, Any]:
    document = request.get_json(force=True, silent=True)
    return document if isinstance(document, dict) else {}


def _done(act: Callable[[], None]) -> ResponseReturnValue:
    try:
        act()
    except KeyError as error:
        return jsonify(error=f"there is no {error.args[0]}"), 404
    return "", 204
