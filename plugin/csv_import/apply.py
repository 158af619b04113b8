"""Comparison of valid rows with earlier imports, and writing of the differences into the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..csvfiles.rows import Watch
from ..store import Store
from .cross_checks import shown_key
from .file_specs import KINDS
from .staging import Staging
from .validate_rows import Staged

PORTION = 5000
"""Rows compared and written together."""

KEY, DIGEST = 1, 2
"""Indexes of key and digest in a staged row, after its line."""

PAUSE_SHARE = 0.3
"""Share of the time that SQLite was locked, slept afterwards: deliveries wait for the lock, at most 2 seconds."""

MAX_NAMED = 100
"""Maximum changed rows that a report names; the others are counted."""


class OvertakenError(Exception):
    """Another import of the same files finished first; nothing was changed. Run the import again."""


@dataclass(slots=True)
class Changes:
    """The changes of one file.

    :param which: the first added and changed rows: the change, the line, the id (empty for rows about people).
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    which: list[tuple[str, int, str]] = field(default_factory=list)


class Writer:
    """Writes the rows of one import.

    :param sleep: takes seconds.
    """

    def __init__(
        self, store: Store, staging: Staging, source: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._imports = store.imports
        self._staging = staging
        self._source = source
        self._sleep = sleep
        self._begun: dict[str, int] = {}
        self._seen: dict[str, frozenset[int]] = {}
        self._staging.database.execute("CREATE TABLE superseded (kind, key)")

    def compare(self, kind: str, watch: Watch, *, write: bool) -> Changes:
        """Return the changes of a file.

        :param write: whether to write them too. Nothing is visible before :meth:`finish`.
        """
        changes = Changes()
        before = self._seen[kind] = self._imports.finished(self._source, kind)
        for rows in self._staging.rows(KINDS[kind], PORTION):
            known = self._imports.digests(self._source, kind, [row[KEY] for row in rows]) if before else {}
            news = [row for row in rows if known.get(row[KEY]) != row[DIGEST]] if known else rows
            self._count(kind, changes, rows, news, known)
            if write and news:
                self._write(kind, news)
                if known:
                    old = [(kind, row[KEY]) for row in news if row[KEY] in known]
                    self._staging.database.executemany("INSERT INTO superseded VALUES (?, ?)", old)
            watch(len(rows))
        return changes

    def finish(self) -> None:
        """Make all written rows visible at once.

        :raises OvertakenError: another import finished first; no row was made visible.
        """
        if not self._imports.finish(self._source, self._begun, self._seen, self._store.now()):
            raise OvertakenError("another import of the same files ran at the same time: run this one again")
        begun, self._begun = self._begun, {}
        for kind, number in begun.items():
            query = "SELECT key FROM superseded WHERE kind = ?"
            old = self._staging.database.execute(query, (kind,))
            while keys := [key for (key,) in old.fetchmany(PORTION)]:
                self._imports.supersede(self._source, kind, number, keys)

    def discard(self) -> None:
        """Remove the written rows that are not visible yet."""
        begun, self._begun = self._begun, {}
        for kind, number in begun.items():
            self._imports.discard(self._source, kind, number)

    def _write(self, kind: str, news: list[Staged]) -> None:
        begin = time.perf_counter()
        if kind not in self._begun:
            self._begun[kind] = self._imports.begin(self._source, kind, self._store.now())
        prefix = (self._source, kind, self._begun[kind])
        self._imports.add(KINDS[kind].kept, [prefix + row[1:] for row in news])
        if self._store.database.embedded:
            self._sleep(PAUSE_SHARE * (time.perf_counter() - begin))

    def _count(
        self, kind: str, changes: Changes, rows: list[Staged], news: list[Staged], known: dict[str, int]
    ) -> None:
        changed = sum(row[KEY] in known for row in news) if known else 0
        changes.changed += changed
        changes.added += len(news) - changed
        changes.unchanged += len(rows) - len(news)
        for row in news[: MAX_NAMED - len(changes.which)]:
            name = "" if KINDS[kind].personal else shown_key(row[KEY])
            changes.which.append(("changed" if row[KEY] in known else "added", row[0], name))
