"""Validation of several rows at once, column by column, and the stored values of the valid rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import compress
from typing import Any

from ..csvfiles.cells import unescaped
from ..csvfiles.problems import Fault, Problem, problem
from ..csvfiles.rows import UNPRINTABLE
from ..runtime.durations import number_of
from .badge_columns import BadgeCheck
from .file_kinds import JOIN, REFERENCES, TYING, Columns, Kind
from .header import Header
from .object_ids import object_ids

MAX_FAULTS = 20
"""Maximum faulty cells of a row that are named; the others are counted."""

Staged = tuple[Any, ...]
"""A valid row: the values that its kind's ``staged`` names."""


@dataclass(slots=True)
class ValidatedRows:
    """The result of a validation.

    :param rows: the number of rows that are not blank.
    """

    rows: int = 0
    good: list[Staged] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class RowValidator:
    """Validates the rows of one file.

    :param alm: whether the file's source is an ALM account.
    :param badges: the check of external columns for badge.csv, else None.
    """

    def __init__(self, name: str, kind: Kind, header: Header, *, alm: bool, badges: BadgeCheck | None) -> None:
        self._name = name
        self._kind = kind
        self._header = header
        self._alm = alm
        self._badges = badges

    def validate(self, lines: list[int], rows: list[list[str]], *, suspicious: bool, escaped: bool) -> ValidatedRows:
        """Validate rows.

        :param lines: the line of each row.
        :param suspicious: whether cells may contain control characters or bytes that are not UTF-8.
        :param escaped: whether cells may begin with our apostrophe.
        """
        if not rows:
            return ValidatedRows()
        width = self._header.width
        faults: dict[int, list[tuple[str, str, Fault]]] = {}
        if set(map(len, rows)) != {width}:
            for index, cells in enumerate(rows):
                if len(cells) != width:
                    faults[index] = [("", "", _wrong_width(len(cells), width))]
                    rows[index] = (cells + [""] * width)[:width]
        if suspicious:
            self._find_unprintable(rows, faults)
        columns = self._columns(rows, escaped=escaped)
        for index, column, fault in self._faults(columns, skip=frozenset(faults)):
            said = columns.get(fault.column or column)
            faults.setdefault(index, []).append((column, said[index] if said else "", fault))
        # Each kind has a required cell, so a blank row is among the rows with faults.
        blank = {index for index in faults if not any(map(str.strip, rows[index]))}
        problems = [
            problem(self._name, lines[index], column, value, fault)
            for index in sorted(faults.keys() - blank)
            for column, value, fault in faults[index]
        ]
        if faults:
            right = [index not in faults for index in range(len(rows))]
            lines = list(compress(lines, right))
            columns = {name: list(compress(cells, right)) for name, cells in columns.items()}
        return ValidatedRows(len(rows) - len(blank), self._staged(lines, columns), problems)

    def _columns(self, rows: list[list[str]], *, escaped: bool) -> dict[str, Sequence[str]]:
        """Return the known columns, trimmed; a column that the file lacks is empty."""
        all_ = list(zip(*rows, strict=True))
        nothing = ("",) * len(rows)
        found: dict[str, Sequence[str]] = {}
        for column in self._kind.columns:
            position = self._header.positions.get(column.name)
            cells: Sequence[str] = nothing if position is None else all_[position]
            if escaped:
                cells = [unescaped(cell) for cell in cells]
            found[column.name] = cells if position is None else list(map(str.strip, cells))
        if self._kind.personal:
            found["userId"] = list(map(str.lower, found["userId"]))
        return found

    def _find_unprintable(self, rows: list[list[str]], faults: dict[int, list[tuple[str, str, Fault]]]) -> None:
        names = {position: name for name, position in self._header.positions.items()}
        for index, cells in enumerate(rows):
            found = [position for position, cell in enumerate(cells) if UNPRINTABLE.search(cell)]
            if not found:
                continue
            said = faults.setdefault(index, [])
            for position in found[:MAX_FAULTS]:
                name = names.get(position, f"number {position + 1}")
                said.append((name, cells[position], _unprintable(cells[position])))
            if len(found) > MAX_FAULTS:
                said.append(("", "", _more(len(found) - MAX_FAULTS)))

    def _faults(self, columns: Columns, skip: frozenset[int]) -> Iterator[tuple[int, str, Fault]]:
        for column in self._kind.columns:
            cells = columns[column.name]
            wrong: dict[str, Fault] = {}
            distinct = set(cells)
            if "" in distinct:
                distinct.remove("")
                if column.required:
                    wrong[""] = _MISSING
            if column.check is not None and not (column.quick and column.quick(distinct)):
                wrong.update({cell: fault for cell in distinct if (fault := column.check(cell)) is not None})
            if wrong:
                for index, cell in enumerate(cells):
                    if cell in wrong and index not in skip:
                        yield index, column.name, wrong[cell]
        rules = [*self._kind.rule(columns), *(self._badges.faults(columns) if self._badges else ())]
        yield from ((index, fault.column, fault) for index, fault in rules if index not in skip)

    def _staged(self, lines: list[int], columns: dict[str, Sequence[str]]) -> list[Staged]:
        """Return the stored values of valid rows.

        ``digest`` has 64 bits of all cells. ``key`` identifies the row; for people it is a fingerprint.
        """
        kind = self._kind
        found: dict[str, Iterable[object]] = {"line": lines}
        found["key"] = kind.keys(columns)
        if kind.personal:
            found["key"] = [blake2b(key.encode(), digest_size=16).hexdigest() for key in kind.keys(columns)]
        texts: Iterable[str] = map(JOIN.join, zip(*columns.values(), strict=True))
        if self._badges:
            targets = self._badges.targets(columns)
            found["connection"] = [target and target[0] for target in targets]
            found["template_id"] = [target and target[1] for target in targets]
            # The same row with another issuing connection is a changed row.
            texts = [f"{text}{JOIN}{target}" for text, target in zip(texts, targets, strict=True)]
        found["digest"] = [
            int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True) for text in texts
        ]
        if kind.name in TYING:
            ids = object_ids(kind, columns, alm=self._alm)
            found["object_id"], found["instance_id"] = ids.objects, ids.instances
        if "badgeId" in columns:
            found["badge_id"] = [cell or None for cell in columns["badgeId"]]
        if kind.number:
            found["number"] = map(float, columns[kind.number])
        for name, reference in zip(REFERENCES, kind.references, strict=False):
            found[name] = kind.targets(reference, columns)
        return list(zip(*(found[name] for name in kind.staged), strict=True))


_MISSING = Fault("missing_value", "is missing: the cell is empty", "fill it")


def _wrong_width(found: int, wanted: int) -> Fault:
    what = f"the row has {found} cells, and the first line names {wanted} columns"
    return Fault("wrong_cell_count", what, 'enclose cells that have commas in quotation marks (")')


def _more(cells: int) -> Fault:
    what = f"control characters, or bytes that are not UTF-8, are in {number_of(cells, 'more cell')} of the row"
    return Fault("more_faults", what, "correct these too")


def _unprintable(cell: str) -> Fault:
    if any("\ud800" <= character <= "\udfff" for character in cell):
        return Fault("not_utf_8", "contains bytes that are not UTF-8", "save the file as CSV UTF-8")
    return Fault("control_character", "contains a control character", "remove it")
