"""The outcome of an import as JSON, and a file of the rows with problems."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ..csvfiles.cells import escaped, unescaped
from ..csvfiles.problems import Fault, Problem
from ..csvfiles.rows import Rows
from .open_file import CsvFile
from .result import Outcome
from .staging import Staging

ERROR_COLUMNS = ("errorCode", "errorColumn", "errorMessage", "errorHint")


def as_json(outcome: Outcome, staging: Staging) -> Iterator[str]:
    """Yield the JSON in pieces, since a million problems do not fit in memory."""
    head = json.dumps(outcome.as_dict(), indent=2)
    yield head[: head.rindex("\n")] + ',\n  "problems": ['
    separator = ""
    for problem in staging.problems():
        said = {name: getattr(problem, name) for name in Problem.__slots__}
        yield f"{separator}\n    {json.dumps(said)}"
        separator = ","
    yield "\n  ]\n}"


def write_errors(file: CsvFile, staging: Staging, folder: Path) -> Path:
    """Write ``<name>_err.csv``, completely or not at all: the failed rows unchanged, followed by their problems.

    :raises OSError: the file cannot be written.
    """
    target = folder / f"{file.kind.name}_err.csv"
    handle, name = tempfile.mkstemp(
        dir=folder, prefix=f".{target.name}-"
    )  # readable by this user only: the rows may name people
    try:
        # Bytes that are not UTF-8 are written unchanged.
        with open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerows(_error_rows(file, staging))
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    return target


def _error_rows(file: CsvFile, staging: Staging) -> Iterator[list[str]]:
    rows = iter(Rows(file.stream, file.name))
    _, header = next(rows)
    if isinstance(header, Fault):
        return
    width = len(header)
    yield [*map(_escaped_once, header), *ERROR_COLUMNS]
    line, cells = 0, _NOTHING
    for number, problems in groupby(staging.problems(file.name), key=lambda problem: problem.line):
        while line < number:
            line, cells = next(rows)
        came = [] if isinstance(cells, Fault) else [_escaped_once(cell) for cell in cells]
        said = list(problems)
        texts = ("; ".join(getattr(each, name) for each in said) for name in ("code", "column", "message", "hint"))
        yield [*came, *[""] * (width - len(came)), *map(escaped, texts)]


def _escaped_once(cell: str) -> str:
    """Return the cell escaped, without escaping it a second time."""
    return escaped(unescaped(cell))


_NOTHING: list[str] | Fault = []
