"""A provider's list of badges, kept on disk for the time of one report: memory holds a portion of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from ...adapters.values import ListedBadge

AT_ONCE = 500
CACHE_KIB = 8192

_INSERT = "INSERT OR REPLACE INTO listed (id, template, state, earner, address) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Listed:
    """:param address: a digest of the recipient's e-mail; empty where the list does not say."""

    id: str
    template_id: str
    state: str
    earner_id: str
    address: str


class Listing:
    """Use it in a ``with`` block: its end removes it from the disk."""

    def __init__(self, digest: Callable[[str], str]) -> None:
        self._digest = digest
        self._file = closing(sqlite3.connect(""))  # a private file that goes with its connection

    def __enter__(self) -> Listing:
        self._database = self._file.__enter__()
        self._database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._database.execute(
            "CREATE TABLE listed (id TEXT PRIMARY KEY, template TEXT, state TEXT, earner TEXT, address TEXT, "
            "known INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
        )
        return self

    def __exit__(self, *raised: object) -> None:
        self._database.close()

    def fill(self, badges: Iterable[ListedBadge]) -> int:
        """Store the list. Return how many badges it has."""
        listed, count = iter(badges), 0
        while portion := list(islice(listed, AT_ONCE)):
            with self._database:
                self._database.executemany(_INSERT, map(self._values, portion))
            count += len(portion)
        return count

    def _values(self, badge: ListedBadge) -> tuple[str, ...]:
        address = self._digest(badge.email) if badge.email else ""
        return badge.id, badge.template_id, badge.state, badge.earner_id, address

    def take(self, ids: Sequence[str]) -> dict[str, Listed]:
        """Return the listed badges with these ids, and mark them as known."""
        marks = ", ".join("?" * len(ids))
        with self._database:
            rows = self._database.execute(
                f"UPDATE listed SET known = 1 WHERE id IN ({marks}) RETURNING id, template, state, earner, address",  # noqa: S608 (marks)
                ids,
            ).fetchall()
        return {row[0]: Listed(*row) for row in rows}

    def unknown(self) -> Iterator[Listed]:
        """Yield the listed badges that ``take`` has not returned."""
        rows = self._database.execute("SELECT id, template, state, earner, address FROM listed WHERE known = 0")
        for row in rows:
            yield Listed(*row)
