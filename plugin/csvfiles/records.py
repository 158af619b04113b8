"""CSV lines to records by the header's names, in bounded memory, whatever the lines are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

MAX_COLUMNS = 500
MAX_FIELD = 128 * 1024
"""Characters of one field."""

_BOM = "\ufeff"
_ASIDE = re.compile(r"\([^)]*\)")


class FileError(Exception):
    """The file as a whole cannot be read; says why, with the line."""


@dataclass(frozen=True, slots=True)
class Record:
    """:param line: on which it ends; the header is line 1. :param fields: by the names that were asked for."""

    line: int
    fields: Mapping[str, str]


def read_records(
    lines: Iterable[str], names: Mapping[str, tuple[str, ...]], needed: Mapping[tuple[str, ...], str]
) -> Iterator[Record]:
    """The records of a CSV, with the columns that are known; others are left out, empty lines too.

    :param names: of each column, the header's possible names, as :func:`plain` has them, the surest first.
    :param needed: columns one of which has to be there, and what to call them.
    :raises FileError: no header, a column missing or twice, or no CSV; some records may have been given by then.
    """
    reader = csv.reader(_checked(lines), strict=True)
    try:
        header = next(reader, None)
        if header is None or not any(cell.strip() for cell in header):
            raise FileError("line 1: the file is empty: its first line must name the columns")
        columns = _columns(header, names)
        missing = [shown for some, shown in needed.items() if not any(name in columns for name in some)]
        if missing:
            raise FileError(f"line 1: there is no column for {', '.join(missing)}")
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found = {name: cells[index].strip() for name, index in columns.items() if index < len(cells)}
                yield Record(reader.line_num, found)
    except csv.Error as error:
        raise FileError(f"line {reader.line_num}: no CSV: {error}") from None
    except UnicodeDecodeError as error:
        raise FileError(
            f"after line {reader.line_num}: not UTF-8 ({error.reason}): save the file as CSV in UTF-8"
        ) from None


def plain(name: str) -> str:
    """A column's name for comparison: letters and digits in lower case, without what is in brackets."""
    return "".join(filter(str.isalnum, _ASIDE.sub("", name).lower()))


def _columns(header: list[str], names: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    if len(header) > MAX_COLUMNS:
        raise FileError(f"line 1: {len(header)} columns: more than {MAX_COLUMNS}")
    there: dict[str, int] = {}
    wanted = {form for forms in names.values() for form in forms}
    for index, cell in enumerate(header):
        form = plain(cell)
        if form in wanted and form in there:
            raise FileError(f"line 1: the column {cell.strip()[:60]!r} is there twice")
        there.setdefault(form, index)
    found = {name: next((there[form] for form in forms if form in there), None) for name, forms in names.items()}
    return {name: index for name, index in found.items() if index is not None}


def _checked(lines: Iterable[str]) -> Iterator[str]:
    """Without a byte order mark. :raises FileError: it is no text."""
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line = line.removeprefix(_BOM)
            if line.startswith(("PK\x03\x04", "\x1f\x8b", "%PDF")):
                raise FileError("line 1: this is no CSV but an archive or a document: unpack or export it")
        if "\0" in line:
            raise FileError(f"line {number}: a NUL character: this is no text file")
        if len(line) > MAX_FIELD * 4:
            raise FileError(f"line {number}: longer than {MAX_FIELD * 4} characters")
        yield line
