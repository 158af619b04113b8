"""The world's records as JSON:API resources, in the formats that Adobe documents."""

from __future__ import annotations

from typing import Any

from .world import Badge, Learner, LearningObject, Skill, World

Json = dict[str, Any]


def user(learner: Learner, account_id: str) -> Json:
    attributes = {
        "email": learner.email,
        "name": learner.name,
        "pointsEarned": 0,
        "profile": "Technician",
        "roles": ["Learner"],
        "state": "ACTIVE",
        "uiLocale": learner.locale,
        "contentLocale": learner.locale,
        "userType": "Internal",
        "userUniqueId": f"EMP-{learner.id}",
    }
    relationships = {"account": _one("account", account_id), "manager": _one("user", "15300001")}
    return _resource("user", learner.id, attributes, relationships)


def badge(item: Badge, *, external: bool = True) -> Json:
    """Return a badge. :param external: names the external provider if there is one."""
    attributes: Json = {"name": item.name, "state": "Active", "imageUrl": f"https://cdn.example.org/{item.id}.png"}
    if item.template_id is not None and external:
        attributes["externalProvider"] = {"id": item.template_id, "provider": item.provider}
    return _resource("badge", item.id, attributes, {})


def instance(item: LearningObject) -> Json:
    relationships = {"learningObject": _one("learningObject", item.id)}
    if item.badge_id is not None and item.on_instance:
        relationships["badge"] = _one("badge", item.badge_id)
    attributes = {
        "isDefault": True,
        "isFlexible": False,
        "state": "Active",
        "localizedMetadata": [{"locale": "en-US", "name": "Default Instance"}],
    }
    return _resource("learningObjectInstance", item.instance_id, attributes, relationships)


def learning_object(item: LearningObject, roots: str = "none") -> Json:
    """Return a learning object. :param roots: as in the knob."""
    relationships: Json = {"instances": {"data": [_pointer("learningObjectInstance", item.instance_id)]}}
    if item.badge_id is not None and not item.on_instance:
        relationships["badge"] = _one("badge", item.badge_id)
    if item.gains:
        gains = [f"{item.id}_{gain.skill_id}_{gain.level}" for gain in item.gains]
        relationships["skills"] = {"data": [_pointer("learningObjectSkill", each) for each in gains]}
    if item.parts:
        relationships["subLOs"] = {"data": [_pointer("learningObject", each) for each in item.parts]}
    attributes: Json = {
        "loType": item.lo_type,
        "loFormat": "Self Paced",
        "state": "Published",
        "isExternal": False,
        "dateCreated": "2026-05-02T08:00:00.000Z",
        "localizedMetadata": [{"locale": "en-US", "name": item.name, "description": item.name}],
    }
    if item.root_id is not None and roots != "none":
        attributes["rootCertificationId"] = (
            item.root_id if roots == "prefixed" else int(item.root_id.partition(":")[2])
        )
    return _resource("learningObject", item.id, attributes, relationships)


def object_skill(item: LearningObject, level_id: str) -> Json:
    gain = next(gain for gain in item.gains if f"{gain.skill_id}_{gain.level}" == level_id)
    attributes = {"credits": gain.credits, "learningObjectId": item.id}
    relationships = {
        "learningObject": _one("learningObject", item.id),
        "skillLevel": _one("skillLevel", level_id),
    }
    return _resource("learningObjectSkill", f"{item.id}_{level_id}", attributes, relationships)


def skill(item: Skill) -> Json:
    attributes = {"name": item.name, "description": item.name, "state": "Active"}
    levels = [_pointer("skillLevel", f"{item.id}_{level.level}") for level in item.levels]
    return _resource("skill", item.id, attributes, {"levels": {"data": levels}})


def skill_level(item: Skill, number: int) -> Json:
    level = next(level for level in item.levels if level.level == number)
    relationships = {"skill": _one("skill", item.id)}
    if level.badge_id is not None:
        relationships["badge"] = _one("badge", level.badge_id)
    attributes = {"level": str(number), "maxCredits": level.most, "name": f"Level {number}"}
    return _resource("skillLevel", f"{item.id}_{number}", attributes, relationships)


def user_skill(user_id: str, level_id: str, points: int, achieved: str | None) -> Json:
    attributes = {"dateCreated": "2026-05-02T08:00:00.000Z", "pointsEarned": points}
    if achieved is not None:
        attributes["dateAchieved"] = achieved
    relationships = {"skillLevel": _one("skillLevel", level_id), "user": _one("user", user_id)}
    return _resource("userSkill", f"{user_id}_{level_id}", attributes, relationships)


def included(primary: list[Json], include: str, world: World, *, external: bool = True) -> list[Json]:
    """Return the resources on the dotted paths of ``include`` from the primary ones, each once, in order.

    :param external: badges name their external provider.
    """
    found: dict[tuple[str, str], Json] = {}
    for path in filter(None, include.split(",")):
        level = primary
        for name in path.split("."):
            pointers = [pointer for resource in level for pointer in _pointers(resource, name)]
            level = [resource for pointer in pointers if (resource := _look_up(pointer, world, external)) is not None]
            found.update(((resource["type"], resource["id"]), resource) for resource in level)
    return list(found.values())


def _look_up(pointer: Json, world: World, external: bool) -> Json | None:
    kind, key = pointer["type"], pointer["id"]
    if kind == "badge":
        return badge(world.badges[key], external=external)
    if kind == "learningObjectInstance":
        item = world.by_instance(key)
        return instance(item) if item else None
    if kind == "learningObject":
        return learning_object(world.learning_objects[key])
    if kind == "learningObjectSkill":
        lo_id, _, level_id = key.partition("_")
        return object_skill(world.learning_objects[lo_id], level_id)
    if kind == "skillLevel":
        skill_id, _, level = key.partition("_")
        return skill_level(world.skills[skill_id], int(level))
    if kind == "skill":
        return skill(world.skills[key])
    return user(world.learners[key], world.account_id) if kind == "user" and key in world.learners else None


def _pointers(resource: Json, name: str) -> list[Json]:
    data = resource["relationships"].get(name, {}).get("data") or []
    return data if isinstance(data, list) else [data]


def _resource(kind: str, key: str, attributes: Json, relationships: Json) -> Json:
    return {"id": key, "type": kind, "attributes": attributes, "relationships": relationships}


def _pointer(kind: str, key: str) -> Json:
    return {"id": key, "type": kind}


def _one(kind: str, key: str) -> Json:
    return {"data": _pointer(kind, key)}
