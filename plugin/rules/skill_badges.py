"""Badges of new skills: a level whose badge is a provider's template is wired; a similar template is suggested."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from ..store import Store
from ..store.catalogue.rules import NewRule, skill_object
from ..store.catalogue.values import IssuableTemplate, NewSkillLevel
from .template_matching import SkillTemplates

log = logging.getLogger("badgerelay.skills")


class Level(Protocol):
    """A level of a skill.

    :ivar badge: a badge template's id, or the source's own id of the badge; None if there is no badge.
    """

    @property
    def level(self) -> int: ...
    @property
    def name(self) -> str | None: ...
    @property
    def badge(self) -> str | None: ...


class Skill(Protocol):
    """A skill as a source reports it; ``hooks.SkillCreated`` is one."""

    @property
    def skill_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def levels(self) -> Sequence[Level]: ...


def take_skill(
    store: Store, connection: str, source: str, skill: Skill, templates: SkillTemplates | None = None
) -> str:
    """Wire, suggest or list the levels of a skill, and store them. A repeated call changes nothing.

    :param connection: the source connection, whose events carry the badge of an achieved level, so that no rule is
        needed; empty for an LMS host, whose wired levels get a rule.
    :param source: the source's name in rules: the host, or the source connection.
    :param templates: the templates of this connection, read once for several skills.
    :return: the states of the levels, in words.
    """
    rows = match_levels(store, connection, source, skill, templates)
    now = store.now()
    if not connection:
        store.rules.wire([rule for row in rows if (rule := _rule_of(row)) is not None], now)
    store.skills.put(rows, now)
    for row in rows:
        log.info("skill %s of %s, level %s, is %s", row.skill_id, source, row.level, row.state)
    return in_words(rows)


def match_levels(
    store: Store, connection: str, source: str, skill: Skill, templates: SkillTemplates | None = None
) -> list[NewSkillLevel]:
    """Return the levels that :func:`take_skill` would store. Writes nothing."""
    templates = templates or SkillTemplates(store, connection)
    rows = [_taken(templates, connection, source, skill, level) for level in skill.levels]
    return rows or [_row(connection, source, skill, None, templates.of_name([skill.name]), "it has no levels")]


def in_words(rows: Sequence[NewSkillLevel]) -> str:
    """Return the states of levels in words."""
    return ", ".join(_words(row) for row in rows)


def _taken(templates: SkillTemplates, connection: str, source: str, skill: Skill, level: Level) -> NewSkillLevel:
    if level.badge is not None:
        by_id = templates.of_id(level.badge)
        if len(by_id) == 1:
            return _row(connection, source, skill, level, by_id[0], "its badge is the template", state="wired")
        if by_id:
            several = ", ".join(row.connection for row in by_id)
            note = f"its template is known to several connections ({several}): see `badgerelay rules add`"
            return _row(connection, source, skill, level, by_id[0], note)
    names = [level.name or "", f"{skill.name} {level.name or ''}", f"{skill.name} {level.level}"]
    if len(skill.levels) == 1:
        names.append(skill.name)
    note = "its badge is not a template of ours" if level.badge is not None else "it has no badge"
    return _row(connection, source, skill, level, templates.of_name(names), note)


def _row(
    connection: str,
    source: str,
    skill: Skill,
    level: Level | None,
    template: IssuableTemplate | None,
    note: str,
    *,
    state: str = "suggested",
) -> NewSkillLevel:
    """Return a level with its template.

    :param template: the badge's template if ``wired``, the most similar one if ``suggested``; None if ``unknown``.
    """
    return NewSkillLevel(
        connection=connection,
        source=source,
        skill_id=skill.skill_id,
        level=0 if level is None else level.level,
        name=skill.name,
        level_name=None if level is None else level.name,
        badge=None if level is None else level.badge,
        state="unknown" if template is None else state,
        provider=None if template is None else template.connection,
        template_id=None if template is None else template.template_id,
        note=note if template is None or state == "wired" else f"{note}; {template.name!r} looks like it",
    )


def _rule_of(row: NewSkillLevel) -> NewRule | None:
    if row.state != "wired" or row.provider is None or row.template_id is None:
        return None
    level = skill_object(row.skill_id, row.level)
    return NewRule(row.source, row.provider, row.template_id, (level,), origin="skill")


def _words(row: NewSkillLevel) -> str:
    level = f"level {row.level} " if row.level else ""
    return f"{level}{row.state}" + (f" ({row.template_id} of {row.provider})" if row.template_id else "")
