"""Several rows at once, column by column: what is wrong with them, and what is kept of those that are right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import compress
from typing import Any

from ..csvfiles.cells import unescaped
from ..csvfiles.problems import Fault, Problem, problem
from ..rules.imported import places
from ..runtime.durations import number_of
from .badge_columns import BadgeCheck
from .file_kinds import JOIN, REFERENCES, TYING, Columns, Kind
from .header import Header
from .open_file import UNPRINTABLE

MAX_FAULTS = 20
"""Cells of a row that are named; the others are counted."""

Staged = tuple[Any, ...]
"""A good row, as it is compared, tied and kept: what its kind's ``staged`` names."""


@dataclass(slots=True)
class Judged:
    """:param rows: how many there were, blank ones not counted."""

    rows: int = 0
    good: list[Staged] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Judge:
    """Of one file. :param alm: whether its source is an ALM account. :param badges: for the file badge.csv."""

    def __init__(self, name: str, kind: Kind, header: Header, *, alm: bool, badges: BadgeCheck | None) -> None:
        self._name = name
        self._kind = kind
        self._header = header
        self._alm = alm
        self._badges = badges

    def judge(self, lines: list[int], rows: list[list[str]], *, suspicious: bool, escaped: bool) -> Judged:
        """:param suspicious: cells may hold control characters or no text; :param escaped: and our apostrophes."""
        if not rows:
            return Judged()
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
        # Each kind needs some cell, so that a blank row is among those with faults.
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
        return Judged(len(rows) - len(blank), self._staged(lines, columns), problems)

    def _columns(self, rows: list[list[str]], *, escaped: bool) -> dict[str, Sequence[str]]:
        """The known columns, trimmed; those that the file lacks are empty."""
        all_ = list(zip(*rows, strict=True))
        nothing = ("",) * len(rows)
        found: dict[str, Sequence[str]] = {}
        for column in self._kind.columns:
            place = self._header.places.get(column.name)
            cells: Sequence[str] = nothing if place is None else all_[place]
            if escaped:
                cells = [unescaped(cell) for cell in cells]
            found[column.name] = cells if place is None else list(map(str.strip, cells))
        if self._kind.personal:
            found["userId"] = list(map(str.lower, found["userId"]))
        return found

    def _find_unprintable(self, rows: list[list[str]], faults: dict[int, list[tuple[str, str, Fault]]]) -> None:
        names = {place: name for name, place in self._header.places.items()}
        for index, cells in enumerate(rows):
            found = [place for place, cell in enumerate(cells) if UNPRINTABLE.search(cell)]
            if not found:
                continue
            said = faults.setdefault(index, [])
            for place in found[:MAX_FAULTS]:
                name = names.get(place, f"number {place + 1}")
                said.append((name, cells[place], _unprintable(cells[place])))
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
        """``digest``: 64 bits of all that a row says. ``key``: what identifies it; for people a fingerprint."""
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
            # Issued from another connection, it is another row.
            texts = [f"{text}{JOIN}{target}" for text, target in zip(texts, targets, strict=True)]
        found["digest"] = [
            int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True) for text in texts
        ]
        if kind.name in TYING:
            found["object_id"], found["instance_id"] = places(kind, columns, alm=self._alm)
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
    return Fault("more_faults", what, "mend these too")


def _unprintable(cell: str) -> Fault:
    if any("\ud800" <= character <= "\udfff" for character in cell):
        return Fault("not_utf_8", "holds bytes that are not UTF-8", "save the file as CSV UTF-8")
    return Fault("control_character", "holds a control character", "remove it")
