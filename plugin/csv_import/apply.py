"""The good rows against what was imported before, and into the store where they differ."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..store import Store
from .cross_checks import shown_key
from .file_kinds import KINDS
from .open_file import Watch
from .staging import Staging
from .validate_rows import Staged

AT_ONCE = 5000
KEY, DIGEST = 1, 2
"""Where they are in a staged row, behind its line."""

PAUSE = 0.3
"""Of the time that SQLite was locked, left to others: deliveries wait for the lock, and give up after 2 seconds."""

MAX_NAMED = 100
"""Rows whose lines and ids a report has; the others are counted."""


class OvertakenError(Exception):
    """Another import of the same files ran at the same time; nothing was changed. Run it again."""


@dataclass(slots=True)
class Changes:
    """Of one file. :param which: the first added and changed rows: what, line, id (none of people)."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    which: list[tuple[str, int, str]] = field(default_factory=list)


class Writer:
    """:param sleep: takes seconds."""

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
        """What is new in a file; nothing of it is visible before :meth:`finish`. :param write: else only say so."""
        changes = Changes()
        before = self._seen[kind] = self._imports.finished(self._source, kind)
        for rows in self._staging.rows(KINDS[kind], AT_ONCE):
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
        """Make it all visible at once. :raises OvertakenError: nothing was."""
        if not self._imports.finish(self._source, self._begun, self._seen, self._store.now()):
            raise OvertakenError("another import of the same files ran at the same time: run this one again")
        begun, self._begun = self._begun, {}
        for kind, number in begun.items():
            query = "SELECT key FROM superseded WHERE kind = ?"
            old = self._staging.database.execute(query, (kind,))
            while keys := [key for (key,) in old.fetchmany(AT_ONCE)]:
                self._imports.supersede(self._source, kind, number, keys)

    def discard(self) -> None:
        """Take back what is not visible yet."""
        begun, self._begun = self._begun, {}
        for kind, number in begun.items():
            self._imports.discard(self._source, kind, number)

    def _write(self, kind: str, news: list[Staged]) -> None:
        begin = time.perf_counter()
        if kind not in self._begun:
            self._begun[kind] = self._imports.begin(self._source, kind, self._store.now())
        place = (self._source, kind, self._begun[kind])
        self._imports.add(KINDS[kind].kept, [place + row[1:] for row in news])
        if self._store.database.embedded:
            self._sleep(PAUSE * (time.perf_counter() - begin))

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
