"""How many events and awards there are of each kind, without reading a million rows for each look.

The rows are counted in blocks of ids. A block is counted again when the history says that a row of it changed or
when rows were added, and now and then without a cause: what a transaction of unusual length hid from us, or what
changed without history, is right again after a while.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from ..store.database import Database
from ..store.schema.tables import history
from .reasons import OTHER, most_frequent

BLOCK = 16384
"""Rows that one statement counts: about 20 ms."""

UNCAUSED = 2
"""Blocks that each look counts again without a cause."""

MANY, PAUSE_SECONDS = 16, 0.01
"""Between more blocks than these, the deliveries and the work go first."""

MAX_CHANGES = 500_000
"""Rows of history that are read to see what changed; beyond, everything is counted."""

Key = tuple[str, str, str]
"""Whose, state, reason."""


@dataclass(frozen=True, slots=True)
class Counted:
    """:param oldest: when the oldest of these rows came, seconds since the epoch."""

    rows: int
    oldest: float


_Block = dict[Key, Counted]


class Tally:
    """Counts one table; for one thread.

    :param columns: what is grouped by, and what ``key_of`` is handed.
    :param came: the column that says when a row came.
    :param changed: the column of the history that names a row.
    :param key_of: what a row of counts is counted as.
    """

    def __init__(
        self,
        database: Database,
        columns: list[sa.ColumnElement[Any]],
        came: sa.Column[float],
        changed: sa.Column[Any],
        key_of: Callable[[Any], Key],
    ) -> None:
        self._database = database
        self._key_of = key_of
        table = came.table
        number = table.c.id
        grouped: list[sa.ColumnElement[Any]] = [
            sa.literal_column(str(position)) for position in range(1, len(columns) + 1)
        ]
        self._count = (
            sa.select(*columns, sa.func.count().label("rows"), sa.func.min(came).label("oldest"))
            .where(number >= sa.bindparam("first_id"), number < sa.bindparam("end_id"))
            .group_by(*grouped)
        )
        self._newest = sa.select(sa.func.max(number), sa.select(sa.func.max(history.c.id)).scalar_subquery())
        self._changes = (
            sa.select(changed // BLOCK).where(history.c.id > sa.bindparam("since"), changed.is_not(None)).distinct()
        )
        self._blocks: dict[int, _Block] = {}
        # One look further back than the last: a transaction that was under way then has ended since.
        self._seen: deque[tuple[int, int]] = deque(maxlen=2)
        self._turn = 0

    def refresh(self) -> None:
        """Count what changed, each block in a transaction of its own: nobody waits for us.

        :raises StoreUnavailableError: the database does not answer; what was counted stays.
        """
        with self._database.read() as transaction:
            newest, change = (value or 0 for value in transaction.execute(self._newest).one())
            since = self._seen[0] if self._seen else None
            touched: set[int] = set()
            if since is not None and change - since[1] <= MAX_CHANGES:
                touched.update(transaction.scalars(self._changes, {"since": since[1]}))
                touched.update(range(since[0] // BLOCK, newest // BLOCK + 1))
                touched.update(self._uncaused())
            else:
                touched.update(range(newest // BLOCK + 1))
        for block in sorted(touched, reverse=True):
            self._blocks[block] = self._counted(block)
            if len(touched) > MANY:
                time.sleep(PAUSE_SECONDS)
        self._seen.append((newest, change))

    def _uncaused(self) -> list[int]:
        blocks = sorted(self._blocks)
        start = self._turn % len(blocks)
        self._turn += UNCAUSED
        return list(islice(blocks, start, start + UNCAUSED))

    def _counted(self, block: int) -> _Block:
        counted: _Block = {}
        limits = {"first_id": block * BLOCK, "end_id": (block + 1) * BLOCK}
        with self._database.read() as transaction:
            for row in transaction.execute(self._count, limits):
                _count(counted, self._key_of(row), row.rows, row.oldest)
        return _bounded(counted)

    def total(self) -> dict[Key, Counted]:
        """All blocks together, with few reasons."""
        total: _Block = {}
        for block in self._blocks.values():
            for key, counted in block.items():
                _count(total, key, counted.rows, counted.oldest)
        return _bounded(total)


def _count(into: _Block, key: Key, rows: int, oldest: float) -> None:
    before = into.get(key)
    if before is not None:
        rows, oldest = rows + before.rows, min(oldest, before.oldest)
    into[key] = Counted(rows, oldest)


def _bounded(counted: _Block) -> _Block:
    kept = most_frequent((reason, each.rows) for (_, _, reason), each in counted.items())
    bounded: _Block = {}
    for (whose, state, reason), each in counted.items():
        _count(bounded, (whose, state, reason if reason in kept else OTHER), each.rows, each.oldest)
    return bounded
