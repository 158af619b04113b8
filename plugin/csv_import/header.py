"""The first row of a file: the position of each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..csvfiles.problems import RefusedFileError, shown
from .file_kinds import Kind

MAX_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file.

    :param width: the number of columns.
    :param positions: the indexes of the known columns, by name.
    :param unknown: the names of columns that are not read.
    """

    width: int
    positions: dict[str, int]
    unknown: tuple[str, ...]


def read_header(file: str, kind: Kind, cells: Sequence[str]) -> Header:
    """Find the columns by name, in any order, in upper or lower case.

    :raises RefusedFileError: a required column is missing, a column is there twice, or there are too many columns.
    """
    if len(cells) > MAX_COLUMNS:
        what = f"it has {len(cells)} columns, more than {MAX_COLUMNS}"
        raise RefusedFileError(file, "too_many_columns", what, "are the cells separated by commas?")
    names = {column.name.lower(): column.name for column in kind.columns}
    names.update({column.other.lower(): column.name for column in kind.columns if column.other})
    positions: dict[str, int] = {}
    unknown: list[str] = []
    for index, cell in enumerate(cells):
        name = names.get(cell.strip().lower())
        if name is None:
            unknown.append(shown(cell.strip()))
        elif name in positions:
            raise RefusedFileError(file, "doubled_column", f"the column {name} is there twice", "keep one of them")
        else:
            positions[name] = index
    missing = [column.name for column in kind.columns if column.required and column.name not in positions]
    if missing:
        what = f"the first line lacks the columns {', '.join(missing)}"
        raise RefusedFileError(
            file, "missing_column", what, "name the columns in the first line, with commas between"
        )
    return Header(len(cells), positions, tuple(name for name in unknown if name))
