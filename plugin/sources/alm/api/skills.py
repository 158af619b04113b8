"""Parsers of an ALM account's skills and of the badges of their levels. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .documents import MAX_TEXT, BadgeRecord, badge_tie
from .json_api import Resource, included, primaries, primary, related_ids

UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")


@dataclass(frozen=True, slots=True)
class LevelRecord:
    """A level of a skill.

    :param level: its number; 0 if ALM does not number it. :param badge_id: None if the level has no badge.
    :param badge: None if the document does not include it.
    """

    level: int
    name: str
    badge_id: str | None
    badge: BadgeRecord | None


@dataclass(frozen=True, slots=True)
class SkillRecord:
    id: str
    name: str
    levels: tuple[LevelRecord, ...]

    def payload(self) -> dict[str, Any]:
        """Return the skill as the payload of an event has it."""
        return {
            "skillId": self.id,
            "name": self.name,
            "levels": [{"level": each.level, "name": each.name, "badge": _badge(each)} for each in self.levels],
        }


def skill_ids(document: Any) -> list[str]:
    """Return the ids on a page of skills. :raises FailedRequestError: it is not a page of resources."""
    return [str(resource["id"]) for resource in primaries(document)]


def parse_skills(document: Any) -> list[SkillRecord]:
    """Return the skills of a document, one or a page of them.

    :raises FailedRequestError: the shape is not as documented.
    """
    data = document.get("data") if isinstance(document, Mapping) else None
    resources = primaries(document) if isinstance(data, list) else [primary(document)]
    levels = included(document, "skillLevel")
    return [_skill(resource, levels, document) for resource in resources]


def _skill(resource: Resource, levels: Mapping[str, Resource], document: Any) -> SkillRecord:
    found = [
        _level(levels[level_id], level_id, document)
        for level_id in related_ids(resource, "levels")
        if level_id in levels
    ]
    found.sort(key=lambda each: each.level)
    return SkillRecord(str(resource["id"]), _text(resource, "name"), tuple(found))


def _level(resource: Resource, level_id: str, document: Any) -> LevelRecord:
    tie = badge_tie(resource, document)
    return LevelRecord(
        level=_number(_attribute(resource, "level")) or _number(level_id.rpartition("_")[2]),
        name=_text(resource, "name"),
        badge_id=tie.id if tie else None,
        badge=tie.badge if tie else None,
    )


def _badge(level: LevelRecord) -> dict[str, str | None] | None:
    if level.badge_id is None:
        return None
    badge = level.badge
    return {
        "id": level.badge_id,
        "provider": badge.provider if badge else None,
        "templateId": badge.template_id if badge else None,
    }


def _attribute(resource: Resource, key: str) -> Any:
    attributes = resource.get("attributes")
    return attributes.get(key) if isinstance(attributes, Mapping) else None


def _text(resource: Resource, key: str) -> str:
    value = _attribute(resource, key)
    return value.translate(UNSTORABLE)[:MAX_TEXT] if isinstance(value, str) else ""


def _number(value: Any) -> int:
    """Return a whole number, which may be written as text, or 0 if it is not one."""
    text = str(value) if type(value) in (int, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
