"""The routes of the Primary API v2, read only."""

from __future__ import annotations

import time

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from . import resources
from .knobs import AlmKnobs
from .paging import page, single
from .world import Learner, LearningObject, Skill, World

MAX_USERS = 500
"""Maximum offset of ``GET /users``."""


def api_routes(world: World, knobs: AlmKnobs) -> Blueprint:
    """Return the routes. A wrong paging parameter is answered 400."""
    routes = Blueprint("api", __name__, url_prefix="/primeapi/v2")

    def shown(learner: Learner) -> resources.Json:
        return resources.user(learner, world.account_id)

    def shown_object(item: LearningObject) -> resources.Json:
        return resources.learning_object(item, knobs.roots)

    @routes.errorhandler(ValueError)
    def bad_parameter(error: ValueError) -> ResponseReturnValue:
        return _error(400, "Invalid Param", str(error))

    @routes.get("/users")
    def users() -> ResponseReturnValue:
        given = {name: request.args[name] for name in ("id", "ids") if name in request.args}
        if given and knobs.bulk in {"400", "404"}:
            return _error(int(knobs.bulk), "Invalid Param", "id")
        learners = list(world.learners.values())[:MAX_USERS]
        if knobs.bulk in given:
            learners = [world.learners[key] for key in given[knobs.bulk].split(",") if key in world.learners]
        return jsonify(page(learners, shown, world))

    @routes.get("/users/<user_id>")
    def user(user_id: str) -> ResponseReturnValue:
        learner = world.learners.get(user_id)
        return jsonify(single(shown(learner), world)) if learner else _unknown("user")

    @routes.get("/users/<user_id>/userSkills")
    def user_skills(user_id: str) -> ResponseReturnValue:
        if user_id not in world.learners:
            return _unknown("user")
        gained = list(world.credits(user_id, time.time()).items())

        def shown_skill(item: tuple[tuple[str, int], tuple[int, str | None]]) -> resources.Json:
            (skill_id, level), (points, achieved) = item
            return resources.user_skill(user_id, f"{skill_id}_{level}", points, achieved)

        return jsonify(page(gained, shown_skill, world))

    @routes.get("/learningObjects")
    def learning_objects() -> ResponseReturnValue:
        wanted = request.args["id"].split(",") if "id" in request.args else None
        items = [item for item in world.learning_objects.values() if wanted is None or item.id in wanted]
        return jsonify(page(items, shown_object, world, by="cursor"))

    @routes.get("/learningObjects/<lo_id>")
    def learning_object(lo_id: str) -> ResponseReturnValue:
        item = world.learning_objects.get(lo_id)
        if item is None:
            return _unknown("learningObject")
        return jsonify(single(shown_object(item), world, external=knobs.externals == "everywhere"))

    @routes.get("/learningObjects/<lo_id>/instances")
    def instances(lo_id: str) -> ResponseReturnValue:
        item = world.learning_objects.get(lo_id)
        return jsonify(page([item], resources.instance, world)) if item else _unknown("learningObject")

    @routes.get("/learningObjects/<lo_id>/instances/<instance_id>")
    def instance(lo_id: str, instance_id: str) -> ResponseReturnValue:
        item: LearningObject | None = world.by_instance(instance_id)
        if item is None or item.id != lo_id:
            return _unknown("learningObjectInstance")
        return jsonify(single(resources.instance(item), world))

    @routes.get("/badges")
    def badges() -> ResponseReturnValue:
        return jsonify(page(list(world.badges.values()), resources.badge, world))

    @routes.get("/badges/<badge_id>")
    def badge(badge_id: str) -> ResponseReturnValue:
        item = world.badges.get(badge_id)
        return jsonify(single(resources.badge(item), world)) if item else _unknown("badge")

    @routes.get("/skills")
    def skills() -> ResponseReturnValue:
        with world.lock:
            items = list(world.skills.values())
        return jsonify(page(items, resources.skill, world))

    @routes.get("/skills/<skill_id>")
    def skill(skill_id: str) -> ResponseReturnValue:
        item: Skill | None = world.skills.get(skill_id)
        return jsonify(single(resources.skill(item), world)) if item else _unknown("skill")

    return routes


def _unknown(kind: str) -> ResponseReturnValue:
    return _error(404, "Not found", kind)


def _error(status: int, title: str, info: str) -> ResponseReturnValue:
    word = {400: "BAD_REQUEST", 404: "NOT_FOUND"}[status]
    return jsonify(status=word, title=title, source={"info": info}), status
