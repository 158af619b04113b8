"""Where the rows of a run wait until all of its files are checked: a database of its own, on disk and soon removed.

It is SQLite's whatever the store is, so that the checks that need all rows at once are written once.
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
from .file_kinds import KINDS, Kind
from .validate_rows import Staged

CACHE_KIB = 16 * 1024


class Staging:
    """Holds no e-mail address: rows about people have fingerprints for keys, messages show none.

    As a context, it raises DiskError in place of SQLite's errors; the store has errors of its own.

    :raises DiskError: it cannot be made.
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

    # What is put together into SQL here are names of kinds and columns, all our own.

    def add(self, kind: Kind, rows: Iterable[Staged], problems: Iterable[Problem]) -> None:
        self.database.execute("BEGIN")
        marks = ", ".join("?" * len(kind.staged))
        self.database.executemany(f"INSERT INTO {kind.name} VALUES ({marks})", rows)  # noqa: S608
        self.complain(problems)
        self.database.execute("COMMIT")

    def index(self, kind: str) -> None:
        """To be called once all its rows are there."""
        self.database.execute(f"CREATE INDEX {kind}_keys ON {kind} (key)")

    def complain(self, problems: Iterable[Problem]) -> None:
        cells = [(p.file, p.line, p.column, p.value, p.code, p.message, p.hint) for p in problems]
        if cells:
            self.database.executemany("INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?, ?)", cells)

    def drop_bad(self, kind: str, file: str) -> None:
        """Let go of the rows that have got a problem."""
        bad = f"DELETE FROM {kind} WHERE line IN (SELECT line FROM problems WHERE file = ?)"  # noqa: S608
        self.database.execute(bad, (file,))

    def rows(self, kind: Kind, at_once: int) -> Iterator[list[Staged]]:
        """Line and what is kept of the good rows, in the order of their keys, some at a time."""
        wanted = ", ".join(("line", *kind.kept))
        cursor = self.database.execute(f"SELECT {wanted} FROM {kind.name} ORDER BY key")  # noqa: S608
        while some := cursor.fetchmany(at_once):
            yield some

    def count(self, kind: str) -> int:
        return int(self._one(f"SELECT count(*) FROM {kind}"))  # noqa: S608

    def problems(self, file: str | None = None, most: int = -1) -> Iterator[Problem]:
        """By line. :param file: of this file alone."""
        where, values = ("WHERE file = ?", [file]) if file else ("", [])
        query = f"SELECT * FROM problems {where} ORDER BY file, line, rowid LIMIT ?"  # noqa: S608
        for row in self.database.execute(query, (*values, most)):
            yield Problem(*row)

    def count_problems(self, file: str) -> tuple[int, int]:
        """Of a file: problems, and the rows that have any."""
        query = "SELECT count(*), count(DISTINCT line) FROM problems WHERE file = ?"
        problems, rows = self.database.execute(query, (file,)).fetchone()
        return int(problems), int(rows)

    def codes(self) -> set[str]:
        """What kinds of problems there are."""
        return {code for (code,) in self.database.execute("SELECT DISTINCT code FROM problems")}

    def _one(self, query: str) -> Any:
        return self.database.execute(query).fetchone()[0]


def _trouble(error: OSError | sqlite3.Error) -> DiskError:
    try:
        place = tempfile.gettempdir()
    except OSError:
        place = "a temporary folder"
    said = error.strerror if isinstance(error, OSError) else error
    return DiskError(f"the rows cannot be kept in {place} meanwhile: {said}; TMPDIR names another folder")
