"""The routes under ``/_sandbox/...``, by which a test or a demo drives and inspects the sandbox."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, get_args

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ..webhook.timestamps import parse_moment
from .counter import RequestCounter
from .events import completion_event, completion_name, moment, other_name
from .knobs import AlmKnobs, TimestampShape
from .webhooks import Webhooks
from .world import World

DEFAULT_INSTANCE = "course:8801234_17700456"


def control_routes(world: World, webhooks: Webhooks, counter: RequestCounter, knobs: AlmKnobs) -> Blueprint:
    """Return the routes. Bodies and answers are JSON; a wrong body is answered 400 with ``{"error": ...}``."""
    routes = Blueprint("control", __name__, url_prefix="/_sandbox")

    @routes.errorhandler(ValueError)
    def wrong(error: ValueError) -> ResponseReturnValue:
        return jsonify(error=str(error)), 400

    @routes.get("/requests")
    def requests_so_far() -> ResponseReturnValue:
        counts = counter.counts()
        return jsonify(total=sum(counts.values()), requests=counts, refused=counter.refused, last=counter.last)

    @routes.get("/world")
    def the_world() -> ResponseReturnValue:
        with world.lock:
            return jsonify(
                learners=[asdict(item) for item in world.learners.values()],
                learningObjects=[asdict(item) for item in world.learning_objects.values()],
                badges=[asdict(item) for item in world.badges.values()],
                skills=[asdict(item) for item in world.skills.values()],
            )

    @routes.post("/skills")
    def new_skill() -> ResponseReturnValue:
        body = _body()
        badge_id = body.get("badgeId")
        if badge_id is not None and badge_id not in world.badges:
            raise ValueError("badgeId: no such badge")
        return jsonify(asdict(world.add_skill(str(body.get("name", "New skill")), badge_id))), 201

    @routes.post("/renew")
    def renew() -> ResponseReturnValue:
        return jsonify(asdict(world.renew(str(_body().get("loId", ""))))), 201

    @routes.post("/webhooks")
    def register() -> ResponseReturnValue:
        return jsonify(id=webhooks.register(_body())), 201

    @routes.post("/complete")
    def complete() -> ResponseReturnValue:
        events = completion_events(_body(), world, knobs)
        webhooks.emit(events)
        return jsonify(eventIds=[event["eventId"] for event in events]), 202

    @routes.post("/test-webhook")
    def test_webhook() -> ResponseReturnValue:
        body = str(_body().get("body", "{}")).encode()
        return jsonify(answers=[sender.post(body) for sender in webhooks.senders])

    @routes.get("/deliveries")
    def deliveries() -> ResponseReturnValue:
        senders = list(webhooks.senders)
        return jsonify(
            waitingEvents=sum(sender.waiting for sender in senders),
            disabled=[sender.target.url for sender in senders if sender.disabled],
            deliveries=[asdict(sending) for sender in senders for sending in list(sender.sendings)],
        )

    return routes


def completion_events(body: Mapping[str, Any], world: World, knobs: AlmKnobs) -> list[dict[str, Any]]:
    """Record the requested completions and return their events.

    :param body: ``userId`` (one or a list) and ``loInstanceId``; optional ``eventName``, ``eventId``, ``hasPassed``,
        ``dateCompleted``, ``timestamps`` (the format), ``times`` (the number of repeats) and ``both_names`` (another
        event under the batch or realtime name).
    :raises ValueError: a field is wrong; the message names it.
    """
    item = world.by_instance(str(body.get("loInstanceId", DEFAULT_INSTANCE)))
    if item is None:
        raise ValueError("loInstanceId: no such instance")
    users = body.get("userId", "15300721")
    users = [str(user) for user in users] if isinstance(users, list) else [str(users)]
    shape: TimestampShape = body.get("timestamps", knobs.timestamps)
    if shape not in get_args(TimestampShape):
        raise ValueError(f"timestamps: one of {', '.join(get_args(TimestampShape))}")
    times = body.get("times", 1)
    if type(times) is not int or not 1 <= times <= 1000:
        raise ValueError("times: a whole number from 1 to 1000")
    try:
        completed_at = parse_moment(body["dateCompleted"]) if "dateCompleted" in body else datetime.now(UTC)
    except ValueError as error:
        raise ValueError(f"dateCompleted {error}") from None
    name = str(body.get("eventName", completion_name(item)))
    names = [name, other_name(name)] if body.get("both_names") else [name]
    events: list[dict[str, Any]] = []
    for user in users:
        if body.get("hasPassed") is not False:
            shown_from = time.time() + knobs.skill_lag
            world.complete(user, item.id, str(moment(completed_at, "iso")), shown_from)
        for event_name in names:
            event = completion_event(
                item,
                user,
                name=event_name,
                completed_at=completed_at,
                passed=body.get("hasPassed", True),
                shape=shape,
                event_id=body.get("eventId") if event_name == name and len(users) == 1 else None,
            )
            events.extend([event] * times)
    return events


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True) if request.get_data() else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body
