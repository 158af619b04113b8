"""The values that an LMS host and badgerelay exchange through hooks.

The words follow xAPI's (actor, object, result), flat and typed. All are frozen; datetimes are aware.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

LearningObjectKind = Literal["course", "learning_path", "certification"]


@dataclass(frozen=True, slots=True)
class Learner:
    """Learner who completed.

    :param id: stable in the host: part of the key that keeps a learner from getting a badge twice.
    :param email: where the badge goes; None lets badgerelay ask through ``resolve_learner``.
    :param name: full name; split by policy where first and last name are not given.
    :param locale: a BCP 47 tag such as ``fr-CA``.
    """

    id: str
    email: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class LearningObject:
    """Learning object that was completed.

    :param instance_id: the session or run, where the LMS has such.
    """

    kind: LearningObjectKind
    id: str
    instance_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CourseCompleted:
    """A learner completed a course, a learning path or a certification.

    :param id: the host's id of this event, unique within ``source``: the same id again is the same event.
    :param source: a short stable name of the host, such as ``moodle-main``.
    :param occurred_at: when the learner completed; becomes the badge's issue date.
    :param passed: False earns no badge, save by a rule for any completion; None means that the host does not tell
        completion from success.
    :param score: 0.0 to 1.0, or None.
    :param extra: anything JSON can hold; kept with the event and shown, not interpreted.
    """

    id: str
    source: str
    occurred_at: datetime
    learner: Learner
    learning_object: LearningObject
    passed: bool | None = None
    score: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """A level of a skill. :param badge: the host's reference to the badge of this level, or None."""

    level: int
    name: str | None = None
    badge: str | None = None


@dataclass(frozen=True, slots=True)
class SkillCreated:
    """The host has a new skill. ``id``, ``source`` and ``occurred_at`` as in :class:`CourseCompleted`."""

    id: str
    source: str
    occurred_at: datetime
    skill_id: str
    name: str
    levels: tuple[SkillLevel, ...] = ()


@dataclass(frozen=True, slots=True)
class CsvImported:
    """The host has imported a CSV. ``id``, ``source`` and ``occurred_at`` as in :class:`CourseCompleted`.

    :param kind: the file's base name: ``badge``, ``skill``, ``course_instance``, ...
    :param path: where badgerelay can read it; or
    :param content: the text itself. Exactly one of the two.
    """

    id: str
    source: str
    occurred_at: datetime
    kind: str
    path: str | None = None
    content: str | None = None


Event = CourseCompleted | SkillCreated | CsvImported


@dataclass(frozen=True, slots=True)
class AwardNotice:
    """Notice to the host about one award, through ``badge_issued``, ``badge_rejected`` and ``badge_changed``.

    :param id: badgerelay's id of the award; the same in every notice about it.
    :param state: ``issued``, ``rejected``, ``accepted``, ``declined``, ``revoked``, ``replaced`` or ``expired``.
    :param badge_id: the provider's id of the issued badge; None when there is none.
    :param badge_url: where the learner sees and accepts it.
    :param event_id: the host's own id of the completion that earned it.
    """

    id: str
    source: str
    learner_id: str
    template_id: str
    connection: str
    state: str
    event_id: str
    badge_id: str | None = None
    badge_url: str | None = None
    issued_at: datetime | None = None
