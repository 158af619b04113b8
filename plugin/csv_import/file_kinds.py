"""Kinds of files: columns, the key of a row, and its references to rows of other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..csvfiles.problems import Fault
from .cell_checks import Check, Quick

JOIN = "\x1f"
"""The separator between the parts of a key: a control character, which no cell may contain."""

TYING = ("skill_level", "course_instance", "learning_program_instance", "certification")
"""The kinds whose rows tie a badge to an object."""

REFERENCES = ("first", "second")
"""The columns of staged rows that have the keys of referenced rows."""

Columns = Mapping[str, Sequence[str]]
"""The cells of several rows, by column."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    :param check: returns the fault of a value that is not empty, or None.
    :param other: another name of the column in one of Adobe's two documents.
    :param quick: returns True if many values are certainly right, faster than checking each.
    """

    name: str
    check: Check | None = None
    required: bool = False
    other: str = ""
    quick: Quick | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a row of another file.

    :param kind: the kind of the file that must have the row.
    :param columns: the columns of this file that name its key.
    """

    kind: str
    columns: tuple[str, ...]

    @property
    def code(self) -> str:
        return f"unknown_{self.kind}"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    :param key: the columns that identify a row.
    :param either: two columns, exactly one of which must be filled.
    :param number: a column that is stored as a number, for rows that refer to it.
    :param personal: whether rows are about people; then only their fingerprints are stored.
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
        """The columns of the store that the rows fill, no more than needed: each costs time in a million rows."""
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
        """The values of a row until it is written: its line, its stored values, and the keys that it refers to."""
        return ("line", *self.kept, *REFERENCES[: len(self.references)])

    def rule(self, columns: Columns) -> Iterator[tuple[int, Fault]]:
        """Yield the rows, by index, that break a rule over several columns."""
        if self.either:
            first, second = self.either
            for index, pair in enumerate(zip(columns[first], columns[second], strict=True)):
                if (pair[0] == "") == (pair[1] == ""):
                    yield (
                        index,
                        Fault("not_exactly_one", f"of {first} and {second}, exactly one must be filled", _EITHER),
                    )

    def keys(self, columns: Columns) -> list[str]:
        """Return the key of each row."""
        return _joined(self.key, columns)

    def targets(self, reference: Reference, columns: Columns) -> list[str | None]:
        """Return the key that each row refers to, or None."""
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
    """Return the levels, with the first level for an empty cell."""
    return [level or "1" for level in levels]


def _levels(columns: Columns) -> list[str | None]:
    """Return the keys of skill levels; None with ``retrofit``, whose id is ALM's own and in no file."""
    skills, levels = columns["skillId"], _or_first(columns["levelId"])
    retrofits = columns.get("retrofit") or [""] * len(skills)
    return [
        None if retrofit.upper() == "TRUE" else f"{skill}{JOIN}{level}"
        for skill, level, retrofit in zip(skills, levels, retrofits, strict=True)
    ]
