"""ALM's learning objects: the badges of one and of its instances, and the skill levels it gives credits to.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .....adapters.errors import RejectedError
from ....store.catalogue.rules import skill_object
from .client import AlmClient, segment
from .documents import BadgeRecord, BadgeTie, badge_tie, parse_badge
from .json_api import Resource, attribute, included, number, primary, related_ids

CERTIFICATION = "certification:"

_INCLUDE = "instances.badge,skills.skillLevel.badge"
_OF_PARTS = "subLOs.skills.skillLevel.badge"
_ROOT_ID = re.compile(r"(?:certification:)?(\d{1,40})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class LevelRecord:
    """A skill level that a learning object gives credits to.

    :param most: credits that achieve the level; None if ALM does not say.
    """

    skill_id: str
    level: str
    most: int | None
    tie: BadgeTie | None

    @property
    def object(self) -> str:
        """The level's name in rules."""
        return skill_object(self.skill_id, self.level)


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """A learning object.

    :param root: the first id of a certification that is renewed under new ids; None if ALM does not say.
    :param own: the badge of the learning object itself, as of a certification.
    :param instances: the badge of each instance.
    """

    id: str
    root: str | None
    own: BadgeTie | None
    instances: dict[str, BadgeTie | None]
    levels: tuple[LevelRecord, ...]


def ask_object(client: AlmClient, lo_id: str) -> ObjectRecord:
    """Ask ALM for a learning object with its badges and skill levels, in one request.

    :raises UnknownRecordError: ALM does not know the learning object.
    """
    what = "the learning object"
    path = f"/learningObjects/{segment(lo_id, what)}"
    plain = {"include": _INCLUDE, "enforcedFields[learningObject]": "instances"}
    if lo_id.startswith("course:"):
        return parse_object(client.get(path, plain, what))
    # The courses of a path or certification may send no events of their own, and the skills belong to them.
    deep = {"include": f"{_INCLUDE},{_OF_PARTS}", "enforcedFields[learningObject]": "instances,subLOs"}
    try:
        return parse_object(client.get(path, deep, what))
    except RejectedError:
        return parse_object(client.get(path, plain, what))


def ask_instance(client: AlmClient, lo_id: str, instance_id: str) -> BadgeTie | None:
    """Ask ALM for the badge of an instance that the document of its learning object does not include.

    :raises UnknownRecordError: ALM does not know the instance.
    """
    what = "the learning object's instance"
    path = f"/learningObjects/{segment(lo_id, what)}/instances/{segment(instance_id, what)}"
    document = client.get(path, {"include": "badge"}, what)
    return badge_tie(primary(document), document)


def ask_badge(client: AlmClient, badge_id: str) -> BadgeRecord:
    what = "the badge"
    return parse_badge(primary(client.get(f"/badges/{segment(badge_id, what)}", None, what)))


def parse_object(document: Any) -> ObjectRecord:
    """Return the learning object in a document. :raises FailedRequestError: the shape is not as documented."""
    learning_object = primary(document)
    instances = included(document, "learningObjectInstance")
    parts = included(document, "learningObject")
    levels = [
        level
        for resource in (
            learning_object,
            *(parts[each] for each in related_ids(learning_object, "subLOs") if each in parts),
        )
        for level in _levels(resource, document)
    ]
    return ObjectRecord(
        id=str(learning_object["id"]),
        root=_root(attribute(learning_object, "rootCertificationId")),
        own=badge_tie(learning_object, document),
        instances={
            each: badge_tie(instances[each], document)
            for each in related_ids(learning_object, "instances")
            if each in instances
        },
        levels=tuple({level.object: level for level in levels}.values()),
    )


def _levels(resource: Resource, document: Any) -> list[LevelRecord]:
    gains, levels = included(document, "learningObjectSkill"), included(document, "skillLevel")
    found = []
    for gain in related_ids(resource, "skills"):
        for level_id in related_ids(gains[gain], "skillLevel") if gain in gains else ():
            skill_id, _, level = level_id.rpartition("_")  # as ALM makes them: 240110_1
            if skill_id:
                known = levels.get(level_id)
                tie = None if known is None else badge_tie(known, document)
                found.append(
                    LevelRecord(skill_id, level, None if known is None else number(known, "maxCredits"), tie)
                )
    return found


def _root(value: Any) -> str | None:
    """Return the root's id. Adobe's own client names the attribute, but not whether it has the prefix.

    https://github.com/adobe/adobe-learning-manager-reference-site (PrimeModels.ts)
    """
    match = _ROOT_ID.match(str(value).strip()) if isinstance(value, str | int) else None
    return CERTIFICATION + match[1] if match and int(match[1]) else None
