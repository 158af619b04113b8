"""Ids of learning objects and skill levels in events, from the ids of imported rows.

============================= ============================== =================================
file                          for an LMS host                for an ALM account
============================= ============================== =================================
course_instance.csv           courseId; instanceId           course:<almCourseId>, else courseId;
                                                             course:<almCourseId>_<instanceId>
learning_program_instance.csv learningProgramId; instanceId  learningProgram:<almLearningProgramId>, ...
certification.csv             id                             id
skill_level.csv               skill:<skillId>:<levelId>      the same
============================= ============================== =================================

ALM gives new ids to migrated objects, so an id of the source LMS does not lead to ALM's id. It is stored unchanged,
and matches if events carry it in the same form (``certification:171020``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .file_kinds import Columns, Kind

_PARENTS = {
    "course_instance": ("course", "courseId", "almCourseId"),
    "learning_program_instance": ("learningProgram", "learningProgramId", "almLearningProgramId"),
}


@dataclass(frozen=True, slots=True)
class ObjectIds:
    """The ids of several rows: of the learning object or skill level, and of the instance, as events carry them."""

    objects: Sequence[str | None]
    instances: Sequence[str | None]


def object_ids(kind: Kind, columns: Columns, *, alm: bool) -> ObjectIds:
    """Return the ids of the objects that rows tie a badge to.

    :param kind: one of :data:`.file_kinds.TYING`.
    :param alm: whether the source is an ALM account.
    """
    if kind.name == "certification":
        return ObjectIds(columns["id"], [None] * len(columns["id"]))
    if kind.name == "skill_level":
        names = zip(columns["skillId"], columns["levelId"], strict=True)
        return ObjectIds([f"skill:{skill}:{level}" for skill, level in names], [None] * len(columns["skillId"]))
    prefix, parent, alm_parent = _PARENTS[kind.name]
    objects, instances = [], []
    for own, numbered, instance in zip(columns[parent], columns[alm_parent], columns["instanceId"], strict=True):
        if numbered and alm:
            object_id = numbered if numbered.startswith(f"{prefix}:") else f"{prefix}:{numbered}"
            objects.append(object_id)
            instances.append(instance if instance.startswith(f"{object_id}_") else f"{object_id}_{instance}")
        else:
            objects.append(own or numbered)
            instances.append(instance)
    return ObjectIds(objects, instances)
