"""The values of badge templates and skills that leave the store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IssuableTemplate:
    """An active badge template of a provider connection."""

    connection: str
    template_id: str
    name: str


@dataclass(frozen=True, slots=True)
class CatalogueTemplate:
    """A badge template as it was last synchronized.

    :param connection: the provider connection.
    :param state: ``active``, ``draft``, ``archived`` or ``deleted``.
    :param synced_at: seconds since the epoch, as ``changed_at``.
    :param change: the kind of its last change, as :class:`.template_changes.TemplateChange` has it, or None.
    """

    connection: str
    template_id: str
    name: str
    state: str
    image_url: str | None
    url: str | None
    allows_duplicates: bool
    synced_at: float
    change: str | None = None
    changed_at: float | None = None


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change of a badge template that a synchronization has found.

    :param at: seconds since the epoch.
    :param name: the template's name after the change.
    """

    id: int
    connection: str
    template_id: str
    at: float
    change: str
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class NewSkillLevel:
    """One level of a skill, and the badge template that belongs to it.

    :param connection: the source connection; empty for an LMS host.
    :param source: the source's name in rules.
    :param level: 0 stands for a skill without levels.
    :param badge: the source's reference to a badge.
    :param state: ``wired`` (its badge is issued), ``suggested`` (a template has a similar name) or ``unknown``.
    :param provider: the provider connection of the template.
    :param note: the reason for the state, or the next step for the administrator.
    """

    connection: str
    source: str
    skill_id: str
    level: int
    name: str
    level_name: str | None
    badge: str | None
    state: str
    provider: str | None
    template_id: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSkillLevel(NewSkillLevel):
    """A level as the store keeps it. :param created_at: seconds since the epoch, as ``seen_at``."""

    created_at: float
    seen_at: float
