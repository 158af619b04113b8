"""Temporary storage of a run's rows until all files are checked: an own SQLite database on disk.

It is SQLite for every store, so that the checks over all rows are written once.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from ..csvfiles.problems import DiskError, Problem
from .file_kinds import Kind
from .file_specs import KINDS
from .validate_rows import Staged

CACHE_KIB = 16 * 1024


class Staging:
    """The rows and problems of a run. It has no e-mail address: the keys of people are fingerprints.

    As a context manager, it raises DiskError in place of SQLite's errors.

    :raises DiskError: the database cannot be created.
    """

    def __init__(self) -> None:
        try:
            with ExitStack() as opened:
                folder = tempfile.mkdtemp(prefix="badgerelay-import-")
                opened.callback(shutil.rmtree, folder, ignore_errors=True)
                self.database = sqlite3.connect(Path(folder, "rows.db"), isolation_level=None)
                opened.callback(self.database.close)
                self._prepare()
                self._opened = opened.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise _trouble(error) from None

    def _prepare(self) -> None:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KIB}"):
            self.database.execute(f"PRAGMA {pragma}")
        for kind in KINDS.values():
            self.database.execute(
                f"CREATE TABLE {kind.name} (line INTEGER PRIMARY KEY, {', '.join(kind.staged[1:])})"
            )
        self.database.execute("CREATE TABLE known (kind, key, number, PRIMARY KEY (kind, key)) WITHOUT ROWID")
        self.database.execute("CREATE TABLE problems (file, line, column, value, code, message, hint)")
        self.database.execute("CREATE INDEX problems_of ON problems (file, line)")

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()
        if isinstance(error, sqlite3.Error):
            raise _trouble(error) from None

    # The SQL below contains names of kinds and columns, which are our own.

    def add(self, kind: Kind, rows: Iterable[Staged], problems: Iterable[Problem]) -> None:
        """Add valid rows, and the problems of others."""
        self.database.execute("BEGIN")
        marks = ", ".join("?" * len(kind.staged))
        self.database.executemany(f"INSERT INTO {kind.name} VALUES ({marks})", rows)  # noqa: S608
        self.add_problems(problems)
        self.database.execute("COMMIT")

    def index(self, kind: str) -> None:
        """Build the index of a kind's keys, after all its rows were added."""
        self.database.execute(f"CREATE INDEX {kind}_keys ON {kind} (key)")

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Add problems."""
        cells = [(p.file, p.line, p.column, p.value, p.code, p.message, p.hint) for p in problems]
        if cells:
            self.database.executemany("INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?, ?)", cells)

    def remove_rows_with_problems(self, kind: str, file: str) -> None:
        """Remove the rows of a file that have a problem."""
        bad = f"DELETE FROM {kind} WHERE line IN (SELECT line FROM problems WHERE file = ?)"  # noqa: S608
        self.database.execute(bad, (file,))

    def rows(self, kind: Kind, at_once: int) -> Iterator[list[Staged]]:
        """Yield the lines and stored values of the valid rows in the order of their keys, in portions."""
        wanted = ", ".join(("line", *kind.kept))
        cursor = self.database.execute(f"SELECT {wanted} FROM {kind.name} ORDER BY key")  # noqa: S608
        while some := cursor.fetchmany(at_once):
            yield some

    def count(self, kind: str) -> int:
        """Return the number of a kind's valid rows."""
        return int(self._one(f"SELECT count(*) FROM {kind}"))  # noqa: S608

    def problems(self, file: str | None = None, most: int = -1) -> Iterator[Problem]:
        """Yield the problems by line. :param file: only this file's."""
        where, values = ("WHERE file = ?", [file]) if file else ("", [])
        query = f"SELECT * FROM problems {where} ORDER BY file, line, rowid LIMIT ?"  # noqa: S608
        for row in self.database.execute(query, (*values, most)):
            yield Problem(*row)

    def count_problems(self, file: str) -> tuple[int, int]:
        """Return the number of a file's problems, and of the rows with problems."""
        query = "SELECT count(*), count(DISTINCT line) FROM problems WHERE file = ?"
        problems, rows = self.database.execute(query, (file,)).fetchone()
        return int(problems), int(rows)

    def codes(self) -> set[str]:
        """Return the codes of the problems."""
        return {code for (code,) in self.database.execute("SELECT DISTINCT code FROM problems")}

    def _one(self, query: str) -> Any:
        return self.database.execute(query).fetchone()[0]


def _trouble(error: OSError | sqlite3.Error) -> DiskError:
    try:
        folder = tempfile.gettempdir()
    except OSError:
        folder = "a temporary folder"
    said = error.strerror if isinstance(error, OSError) else error
    return DiskError(f"the rows cannot be stored in {folder}: {said}; set TMPDIR to another folder")
