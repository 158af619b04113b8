"""A local provider, over real HTTP and in memory, for tests and for ``badgerelay sandbox``.

Its API is the one that the client expects. It fails on request: see :class:`badgerelay.adapters.sandbox.Faults`.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from ..sandbox import Faults, install, read_knobs

API_KEY = "STUB-KEY-0001"
_REQUIRED = ("template", "learner", "email", "first_name", "last_name", "issued_at")


@dataclass(frozen=True, slots=True)
class Knobs:
    """The stub's options.

    :param templates: number of active badge templates; there is one archived template, too.
    :param page_size: maximum objects on a page.
    :param batch_max: maximum badges in one request.
    :param faults: in the notation of :class:`badgerelay.adapters.sandbox.Faults`.
    """

    templates: int = 3
    page_size: int = 20
    batch_max: int = 20
    faults: str = ""


@dataclass(slots=True)
class Badge:
    id: str
    template: str
    learner: str
    period: str
    email: str
    issued_at: str
    state: str = "sent"


class StubError(Exception):
    """The stub refuses a request."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Stub:
    """The provider's state. Safe to use from several threads."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self.templates = {
            f"t-{number}": {"id": f"t-{number}", "name": f"Badge {number}", "active": number <= knobs.templates}
            for number in range(1, knobs.templates + 2)
        }
        self._lock = threading.Lock()
        self._badges: dict[str, Badge] = {}

    def badges(self, **wanted: str) -> list[Badge]:
        with self._lock:
            found = list(self._badges.values())
        return [badge for badge in found if all(getattr(badge, key) == value for key, value in wanted.items())]

    def issue(self, item: Any) -> Badge:
        """Make a badge. :raises StubError: the item is refused; ``already_issued`` if the learner has the badge."""
        item = item if isinstance(item, dict) else {}
        if not all(isinstance(item.get(key), str) and item[key] for key in _REQUIRED):
            raise StubError(422, "incomplete")
        if not self.templates.get(item["template"], {}).get("active"):
            raise StubError(422, "unknown_template")
        key = {"template": item["template"], "learner": item["learner"], "period": str(item.get("period") or "")}
        with self._lock:
            if any(badge.state != "revoked" and _has(badge, key) for badge in self._badges.values()):
                raise StubError(409, "already_issued")
            badge = Badge(f"b-{uuid.uuid4()}", **key, email=item["email"], issued_at=item["issued_at"])
            self._badges[badge.id] = badge
        return badge

    def revoke(self, badge_id: str) -> Badge:
        with self._lock:
            if badge_id not in self._badges:
                raise StubError(404, "not_found")
            self._badges[badge_id].state = "revoked"
            return self._badges[badge_id]


def create_stub(values: Mapping[str, str]) -> Flask:
    """Return a Flask application with its own state in memory.

    :param values: knobs by name, see :class:`Knobs`.
    :raises ValueError: names the knob or the fault that is not valid.
    """
    knobs = read_knobs(Knobs, values)
    if not (knobs.page_size and knobs.batch_max):
        raise ValueError("knobs page_size and batch_max are 1 or more")
    app, stub = Flask(__name__), Stub(knobs)

    @app.errorhandler(StubError)
    def refused(error: StubError) -> ResponseReturnValue:
        return jsonify(error={"code": error.code, "message": f"It was refused: {error.code}"}), error.status

    @app.before_request
    def gate() -> None:
        if request.path.startswith("/v1/") and request.headers.get("Authorization") != f"Bearer {API_KEY}":
            raise StubError(401, "unauthorized")

    @app.get("/v1/account")
    def account() -> ResponseReturnValue:
        return jsonify(id="acc-1", name="Riverbank Academy")

    @app.get("/v1/templates")
    def templates() -> ResponseReturnValue:
        return _page(list(stub.templates.values()), knobs)

    @app.get("/v1/badges")
    def badges() -> ResponseReturnValue:
        wanted = {key: request.args[key] for key in ("template", "learner", "period") if key in request.args}
        return _page([_shown(badge) for badge in stub.badges(**wanted)], knobs)

    @app.post("/v1/badges")
    def issue() -> ResponseReturnValue:
        body = request.get_json(silent=True)
        items = body.get("badges") if isinstance(body, dict) else None
        if not isinstance(items, list) or not 1 <= len(items) <= knobs.batch_max:
            raise StubError(422, "bad_batch")
        return jsonify(results=[_result(stub, item) for item in items])

    @app.post("/v1/badges/<badge_id>/revoke")
    def revoke(badge_id: str) -> ResponseReturnValue:
        return jsonify(badge=_shown(stub.revoke(badge_id)))

    @app.get("/_sandbox/badges")
    def sandbox_badges() -> ResponseReturnValue:
        found = stub.badges()
        live = Counter((badge.template, badge.learner, badge.period) for badge in found if badge.state != "revoked")
        counts = {"total": len(found), "live": live.total(), "duplicates": live.total() - len(live)}
        return jsonify(counts=counts, badges=[asdict(badge) for badge in found])

    install(app, Faults(knobs.faults), only=lambda candidate: candidate.path.startswith("/v1/"))
    return app


def _result(stub: Stub, item: Any) -> dict[str, Any]:
    try:
        return {"badge": _shown(stub.issue(item))}
    except StubError as error:
        result: dict[str, Any] = {"error": {"code": error.code, "message": f"It was refused: {error.code}"}}
        if error.code == "already_issued":
            key = {"template": item["template"], "learner": item["learner"], "period": str(item.get("period") or "")}
            result["badge"] = _shown(next(badge for badge in stub.badges(**key) if badge.state != "revoked"))
        return result


def _shown(badge: Badge) -> dict[str, Any]:
    """Return the badge as the API shows it: without the address."""
    shown = {key: value for key, value in asdict(badge).items() if key != "email"}
    return {**shown, "url": f"{request.host_url}badges/{badge.id}"}


def _has(badge: Badge, key: Mapping[str, str]) -> bool:
    return all(getattr(badge, name) == value for name, value in key.items())


def _page(items: list[Any], knobs: Knobs) -> ResponseReturnValue:
    number = request.args.get("page", 1, type=int)
    end = number * knobs.page_size
    return jsonify(items=items[end - knobs.page_size : end], next=number + 1 if end < len(items) else None)
