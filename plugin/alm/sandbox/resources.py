"""The world's things as JSON:API resources, in the shapes that Adobe shows."""

from __future__ import annotations

from typing import Any

from .world import Badge, Completion, Learner, LearningObject, Skill, World

Json = dict[str, Any]
CREDITS = 10


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


def badge(item: Badge) -> Json:
    attributes: Json = {"name": item.name, "state": "Active", "imageUrl": f"https://cdn.example.org/{item.id}.png"}
    if item.template_id is not None:
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


def learning_object(item: LearningObject) -> Json:
    relationships: Json = {"instances": {"data": [_pointer("learningObjectInstance", item.instance_id)]}}
    if item.badge_id is not None and not item.on_instance:
        relationships["badge"] = _one("badge", item.badge_id)
    if item.skill_id is not None:
        relationships["skills"] = {"data": [_pointer("learningObjectSkill", f"{item.id}_{item.skill_id}")]}
    attributes = {
        "loType": item.lo_type,
        "loFormat": "Self Paced",
        "state": "Published",
        "isExternal": False,
        "dateCreated": "2026-05-02T08:00:00.000Z",
        "localizedMetadata": [{"locale": "en-US", "name": item.name, "description": item.name}],
    }
    return _resource("learningObject", item.id, attributes, relationships)


def object_skill(item: LearningObject) -> Json:
    attributes = {"credits": CREDITS, "learningObjectId": item.id}
    relationships = {
        "learningObject": _one("learningObject", item.id),
        "skillLevel": _one("skillLevel", f"{item.skill_id}_1"),
    }
    return _resource("learningObjectSkill", f"{item.id}_{item.skill_id}", attributes, relationships)


def skill(item: Skill) -> Json:
    attributes = {"name": item.name, "description": item.name, "state": "Active"}
    return _resource("skill", item.id, attributes, {"levels": {"data": [_pointer("skillLevel", f"{item.id}_1")]}})


def skill_level(item: Skill) -> Json:
    relationships = {"skill": _one("skill", item.id)}
    if item.badge_id is not None:
        relationships["badge"] = _one("badge", item.badge_id)
    attributes = {"level": "1", "maxCredits": CREDITS, "name": "Level 1"}
    return _resource("skillLevel", f"{item.id}_1", attributes, relationships)


def user_skill(completion: Completion, skill_id: str) -> Json:
    attributes = {"dateAchieved": completion.date, "dateCreated": completion.date, "pointsEarned": CREDITS}
    relationships = {"skillLevel": _one("skillLevel", f"{skill_id}_1"), "user": _one("user", completion.user_id)}
    return _resource("userSkill", f"{completion.user_id}_{skill_id}_1", attributes, relationships)


def included(primary: list[Json], include: str, world: World) -> list[Json]:
    """What the dotted paths of ``include`` lead to from the primary resources, each once, in order."""
    found: dict[tuple[str, str], Json] = {}
    for path in filter(None, include.split(",")):
        level = primary
        for name in path.split("."):
            pointers = [pointer for resource in level for pointer in _pointers(resource, name)]
            level = [resource for pointer in pointers if (resource := _look_up(pointer, world)) is not None]
            found.update(((resource["type"], resource["id"]), resource) for resource in level)
    return list(found.values())


def _look_up(pointer: Json, world: World) -> Json | None:
    kind, key = pointer["type"], pointer["id"]
    if kind == "badge":
        return badge(world.badges[key])
    if kind == "learningObjectInstance":
        item = world.by_instance(key)
        return instance(item) if item else None
    if kind == "learningObject":
        return learning_object(world.learning_objects[key])
    if kind == "learningObjectSkill":
        return object_skill(world.learning_objects[key.rpartition("_")[0]])
    if kind == "skillLevel":
        return skill_level(world.skills[key.partition("_")[0]])
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
