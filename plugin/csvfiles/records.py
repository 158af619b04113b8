"""Records of a CSV by the names of its header, in bounded memory for any lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

MAX_COLUMNS = 500
MAX_FIELD = 128 * 1024
"""Maximum characters of one field."""

_BOM = "\ufeff"
_ASIDE = re.compile(r"\([^)]*\)")


class FileError(Exception):
    """The file cannot be read. The message says why, with the line."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    :param line: the line where it ends; the header is line 1.
    :param fields: the cells, by the names of the wanted columns.
    """

    line: int
    fields: Mapping[str, str]


def read_records(
    lines: Iterable[str], names: Mapping[str, tuple[str, ...]], needed: Mapping[tuple[str, ...], str]
) -> Iterator[Record]:
    """Yield the records of a CSV with the known columns; other columns and empty lines are left out.

    :param names: the possible header names of each column, as :func:`plain` returns them, the best first.
    :param needed: groups of columns, one of which is required, with a description of each group.
    :raises FileError: the header is missing, a column is missing or there twice, or the file is not a CSV; some
        records may have been yielded by then.
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
        raise FileError(f"line {reader.line_num}: not a CSV: {error}") from None
    except UnicodeDecodeError as error:
        raise FileError(
            f"after line {reader.line_num}: not UTF-8 ({error.reason}): save the file as CSV in UTF-8"
        ) from None


def plain(name: str) -> str:
    """Return a column's name for comparison: letters and digits in lower case, without text in brackets."""
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
    """Yield the lines without a byte order mark. :raises FileError: the file is not text."""
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line = line.removeprefix(_BOM)
            if line.startswith(("PK\x03\x04", "\x1f\x8b", "%PDF")):
                raise FileError("line 1: this is an archive or a document, not a CSV: unpack or export it")
        if "\0" in line:
            raise FileError(f"line {number}: a NUL character: this is not a text file")
        if len(line) > MAX_FIELD * 4:
            raise FileError(f"line {number}: longer than {MAX_FIELD * 4} characters")
        yield line
