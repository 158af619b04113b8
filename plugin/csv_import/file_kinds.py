"""The files that are read: their columns, what identifies a row, and which rows of other files it refers to.

In dependency order: a file refers to those above it, or to itself.
Adobe's csv-specifications.zip and sample-csvs.zip, which
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/migration-manual links. The two external
columns of badge.csv are in Adobe's page about its connector for badges alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..csvfiles.problems import Fault
from . import cell_checks as checks
from .cell_checks import Check, Quick

JOIN = "\x1f"
"""Between the parts of a key: a control character, which no cell may have."""

TYING = ("skill_level", "course_instance", "learning_program_instance", "certification")
"""The kinds whose rows tie a badge to something."""

REFERENCES = ("first", "second")

Columns = Mapping[str, Sequence[str]]
"""The cells of several rows, by column."""


@dataclass(frozen=True, slots=True)
class Column:
    """:param other: another name of it, as one of Adobe's two documents has it.
    :param quick: whether many values are right for sure, in less time than to check each.
    """

    name: str
    check: Check | None = None
    required: bool = False
    other: str = ""
    quick: Quick | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """:param kind: the file that has to have the row. :param columns: that name its key here."""

    kind: str
    columns: tuple[str, ...]

    @property
    def code(self) -> str:
        return f"unknown_{self.kind}"


@dataclass(frozen=True, slots=True)
class Kind:
    """:param key: the columns that identify a row.
    :param either: columns of which exactly one must be filled.
    :param number: a column that is kept as a number, for rows that refer to it.
    :param personal: its rows are about people: no more than fingerprints of them are kept.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    either: tuple[str, ...] = ()
    number: str = ""
    personal: bool = False

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of the store that its rows fill; each one more costs time with each of a million rows."""
        wanted = {
            "object_id": self.name in TYING,
            "instance_id": bool(self.either),
            "badge_id": any(column.name == "badgeId" for column in self.columns),
            "connection": self.name == "badge",
            "template_id": self.name == "badge",
            "number": bool(self.number),
        }
        return ("key", "digest", *(name for name, used in wanted.items() if used))

    @property
    def staged(self) -> tuple[str, ...]:
        """What a row has until it is written: its line, what is kept, and the keys that it refers to."""
        return ("line", *self.kept, *REFERENCES[: len(self.references)])

    def rule(self, columns: Columns) -> Iterator[tuple[int, Fault]]:
        """Rows, by number, that break what concerns several columns."""
        if self.either:
            first, second = self.either
            for index, pair in enumerate(zip(columns[first], columns[second], strict=True)):
                if (pair[0] == "") == (pair[1] == ""):
                    yield (
                        index,
                        Fault("not_exactly_one", f"of {first} and {second}, exactly one must be filled", _EITHER),
                    )

    def keys(self, columns: Columns) -> list[str]:
        return _joined(self.key, columns)

    def targets(self, reference: Reference, columns: Columns) -> list[str | None]:
        """The key that each row refers to, or None."""
        if reference.kind == "skill_level":
            return _levels(columns)
        return [value or None for value in columns[reference.columns[0]]]


_EITHER = "give the id of the source LMS, or ALM's own for what was not migrated"


def _joined(names: Sequence[str], columns: Columns) -> list[str]:
    if len(names) == 1:
        return list(columns[names[0]])
    cells = (_or_first(columns[name]) if name == "levelId" else columns[name] for name in names)
    return list(map(JOIN.join, zip(*cells, strict=True)))


def _or_first(levels: Sequence[str]) -> list[str]:
    """Where no level is said, it is the first."""
    return [level or "1" for level in levels]


def _levels(columns: Columns) -> list[str | None]:
    """With ``retrofit``, the id is ALM's own, which no file can prove."""
    skills, levels = columns["skillId"], _or_first(columns["levelId"])
    retrofits = columns.get("retrofit") or [""] * len(skills)
    return [
        None if retrofit.upper() == "TRUE" else f"{skill}{JOIN}{level}"
        for skill, level, retrofit in zip(skills, levels, retrofits, strict=True)
    ]


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
