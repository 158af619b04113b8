"""Answers of a source's API, kept with their age, so that a restart asks nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from .database import Database
from .schema.tables import cache

EVER = -1.0
"""Time that every answer is newer than, in seconds since the epoch."""

_GET = sa.select(cache.c.key, cache.c.value).where(
    cache.c.connection == sa.bindparam("connection"),
    cache.c.kind == sa.bindparam("kind"),
    cache.c.key.in_(sa.bindparam("keys", expanding=True)),
    cache.c.fetched_at > sa.bindparam("newer_than"),
)
PORTION = 500
"""Answers read in one transaction."""

_NEXT = (
    sa.select(cache.c.key, cache.c.value)
    .where(
        cache.c.connection == sa.bindparam("connection"),
        cache.c.kind == sa.bindparam("kind"),
        cache.c.key > sa.bindparam("after"),
    )
    .order_by(cache.c.key)
    .limit(PORTION)
)
_ALL = sa.select(cache.c.key, cache.c.value).where(
    cache.c.connection == sa.bindparam("connection"),
    cache.c.kind == sa.bindparam("kind"),
    cache.c.fetched_at > sa.bindparam("newer_than"),
)


class Cache:
    """:param connection: whose answers these are."""

    def __init__(self, database: Database, connection: str) -> None:
        self._database = database
        self._connection = connection

    def get(self, kind: str, keys: Iterable[str], *, newer_than: float) -> dict[str, Any]:
        """Return the answers fetched after ``newer_than`` (seconds since the epoch), by key."""
        wanted = {"connection": self._connection, "kind": kind, "keys": list(keys), "newer_than": newer_than}
        return {row.key: json.loads(row.value) for row in self._database.rows(_GET, wanted)}

    def all(self, kind: str, *, newer_than: float) -> dict[str, Any]:
        """Return every answer of a kind, as :meth:`get` does. It suits kinds with few answers."""
        wanted = {"connection": self._connection, "kind": kind, "newer_than": newer_than}
        with self._database.read() as transaction:
            return {row.key: json.loads(row.value) for row in transaction.execute(_ALL, wanted)}

    def each(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Yield every answer of a kind with its key, however old, for kinds of which there are many."""
        after = ""
        while True:
            wanted = {"connection": self._connection, "kind": kind, "after": after}
            with self._database.read() as transaction:
                rows = transaction.execute(_NEXT, wanted).all()
            for row in rows:
                yield row.key, json.loads(row.value)
            if len(rows) < PORTION:
                return
            after = rows[-1].key

    def put(self, kind: str, values: dict[str, Any], now: float) -> None:
        if not values:
            return
        statement = self._database.insert(cache)
        statement = statement.on_conflict_do_update(
            index_elements=["connection", "kind", "key"],
            set_={"value": statement.excluded.value, "fetched_at": statement.excluded.fetched_at},
        )
        with self._database.write() as transaction:
            transaction.execute(
                statement,
                [
                    {
                        "connection": self._connection,
                        "kind": kind,
                        "key": key,
                        "value": json.dumps(value),
                        "fetched_at": now,
                    }
                    for key, value in values.items()
                ],
            )

    def outdate(self, kinds: Iterable[str]) -> None:
        """Mark the answers of these kinds as old, so that they are fetched again. ``EVER`` still finds them."""
        mine = (cache.c.connection == self._connection, cache.c.kind.in_(list(kinds)))
        with self._database.write() as transaction:
            transaction.execute(sa.update(cache).where(*mine).values(fetched_at=0.0))
