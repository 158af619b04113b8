"""The files that can be imported, with their columns, in the order of their references.

A file refers to files above it, or to itself. Source: Adobe's csv-specifications.zip and sample-csvs.zip, which
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/migration-manual links. The two external
columns of badge.csv are only in Adobe's page about its badge connector.
"""

from __future__ import annotations

from . import cell_checks as checks
from .file_kinds import Column, Kind, Reference


def _id(name: str, *, required: bool = True, other: str = "") -> Column:
    return Column(name, checks.identifier, required, other)


def _date(name: str, *, required: bool = False) -> Column:
    return Column(name, checks.moment, required, quick=checks.moments)


_STATE = Column("state", checks.state, required=True)
_BADGE = _id("badgeId", required=False)
_TO_BADGE = Reference("badge", ("badgeId",))
_TO_LEVEL = Reference("skill_level", ("skillId", "levelId"))
_RETROFIT = Column("retrofit", checks.boolean)

_ALL = (
    Kind(
        "badge",
        (
            _id("id"),
            Column("badgeName", checks.text(25), required=True),
            _date("badgeCreationDate", required=True),
            _date("lastModifiedDate"),
            _STATE,
            Column("imageUrl", checks.text(2048), required=True),
            _id("externalBadgeId", required=False),
            _id("externalBadgeProvider", required=False),
        ),
        key=("id",),
    ),
    Kind(
        "skill",
        (
            _id("id"),
            Column("skillName", checks.text(63), required=True),
            Column("description", checks.text(4094)),
            _date("skillCreationDate", required=True),
            _STATE,
            Column("source"),
        ),
        key=("id",),
    ),
    Kind(
        "skill_level",
        (
            _id("skillId"),
            Column("levelId", checks.level, required=True),
            Column("maxCredits", checks.whole(1, 65535), required=True),
            _BADGE,
        ),
        key=("skillId", "levelId"),
        references=(Reference("skill", ("skillId",)), _TO_BADGE),
        number="maxCredits",
    ),
    Kind(
        "skill_course",
        (
            _id("courseId"),
            _id("skillId"),
            Column("levelId", checks.level, required=True),
            Column("credits", checks.number, required=True),
            Column("assignedBy"),
        ),
        key=("courseId", "skillId", "levelId"),
        references=(_TO_LEVEL,),
        number="credits",
    ),
    Kind(
        "course_instance",
        (
            _id("courseId", required=False),
            _id("instanceId"),
            _date("dateCreated", required=True),
            _date("completionDeadline", required=True),
            Column("name", checks.text(255), required=True),
            _STATE,
            _id("almCourseId", required=False),
            _date("startDate"),
            _BADGE,
        ),
        key=("courseId", "almCourseId", "instanceId"),
        references=(_TO_BADGE,),
        either=("courseId", "almCourseId"),
    ),
    Kind(
        "learning_program_instance",
        (
            _id("instanceId", other="id"),
            _id("learningProgramId", required=False),
            Column("name", checks.text(510), required=True),
            _date("dateAdded", required=True),
            _date("deadline", required=True),
            _STATE,
            _id("almLearningProgramId", required=False),
            _date("startDate"),
            _BADGE,
        ),
        key=("learningProgramId", "almLearningProgramId", "instanceId"),
        references=(_TO_BADGE,),
        either=("learningProgramId", "almLearningProgramId"),
    ),
    Kind(
        "certification",
        (
            _id("id"),
            Column("certificateName", checks.text(510), required=True),
            Column("certificateOverview", checks.text(8190)),
            Column("description", checks.text(510)),
            _date("certificationCreationDate", required=True),
            Column("daysToComplete", checks.whole(1, 365), required=True),
            Column("validity", checks.whole(1, 240)),
            Column("externalCertificate", checks.boolean),
            Column("courseOrdering", checks.boolean),
            Column("completionLimit", checks.whole(0, 65535)),
            _date("publishedDate", required=True),
            _id("parentCertificationId", required=False),
            _BADGE,
            Column("thumbnailUrl"),
            Column("uniqueLoId"),
        ),
        key=("id",),
        references=(_TO_BADGE, Reference("certification", ("parentCertificationId",))),
    ),
    Kind(
        "user_skill",
        (
            Column("userId", checks.email, required=True),
            _id("skillId"),
            Column("levelId", checks.level),
            Column("achieved", checks.boolean, required=True),
            _RETROFIT,
        ),
        key=("userId", "skillId", "levelId"),
        references=(_TO_LEVEL,),
        personal=True,
    ),
    Kind(
        "user_course_grade",
        (
            Column("userId", checks.email, required=True),
            _id("courseId"),
            _id("moduleId"),
            Column("completion", checks.boolean),
            Column("started", checks.boolean),
            Column("success", checks.boolean),
            Column("scoreRaw", checks.number),
            Column("scoreMin", checks.number),
            Column("scoreMax", checks.number),
            Column("duration", checks.number),
            _date("startedDate"),
            _date("successDate"),
            _date("completionDate"),
            _RETROFIT,
        ),
        key=("userId", "courseId", "moduleId"),
        personal=True,
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
