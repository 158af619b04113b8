"""Rows of imported files, per source. Those of one import become visible together, when it is finished.

A row is never changed: a newer import's row of the same key takes its place. So a million rows are written in many
short transactions, between which deliveries are committed, and still are there all at once or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..database import Database, StoreUnavailableError
from ..schema.tables import imported_rows as rows
from ..schema.tables import imports
from .bulk_insert import insert_many

ABANDONED_SECONDS = 6 * 3600.0
"""An import that has not finished after so long never will: it was killed."""

AT_ONCE = 1000
"""Keys asked for in one statement."""

MANY = 5000
"""Rows written after which PostgreSQL has to count anew: it would take a source for a small one, and read all of it
for each statement about some of its keys, until it counts by itself a minute later."""


class Tie(NamedTuple):
    """A row that ties a badge: what to, which, and what that is issued from, if it is."""

    kind: str
    key: str
    object_id: str
    instance_id: str | None
    badge_id: str | None
    connection: str | None
    template_id: str | None


class _OvertakenError(Exception):
    """Rolls a transaction back."""


class Imports:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._uncounted = 0

    def finished(self, source: str, kind: str) -> frozenset[int]:
        """The numbers of the imports whose rows are visible."""
        with self._database.read() as connection:
            return frozenset(connection.scalars(_FINISHED, {"source": source, "kinds": [kind]}))

    def digests(self, source: str, kind: str, keys: Collection[str]) -> dict[str, int]:
        """What is there of these keys: each row's digest."""
        return {key: digest for key, digest, _ in self._current(source, kind, keys)}

    def numbers(self, source: str, kind: str, keys: Collection[str]) -> dict[str, float | None]:
        """What is there of these keys: each row's number, where it has one."""
        return {key: number for key, _, number in self._current(source, kind, keys)}

    def _current(self, source: str, kind: str, keys: Collection[str]) -> Iterable[tuple[str, int, float | None]]:
        found: dict[str, tuple[str, int, float | None]] = {}
        asked = list(keys)
        with self._database.read() as connection:
            for start in range(0, len(asked), AT_ONCE):
                some = {"source": source, "kind": kind, "keys": asked[start : start + AT_ONCE]}
                for key, digest, number in connection.execute(_CURRENT, some):
                    found[key] = (key, digest, number)  # the newest comes last
        return found.values()

    def begin(self, source: str, kind: str, now: float) -> int:
        """A new import's number; its rows are not visible yet. Clears away what killed imports have left."""
        before = now - ABANDONED_SECONDS
        with self._database.write() as connection:
            stale = list(connection.scalars(_ABANDONED, {"source": source, "kind": kind, "before": before}))
            number = int(connection.scalars(_BEGIN, {"source": source, "kind": kind, "started_at": now}).one())
        for each in stale:
            self.discard(source, kind, each)
        return number

    def add(self, columns: Sequence[str], some: Sequence[tuple[object, ...]]) -> None:
        """Write rows of an import. :param some: each its source, kind and number, and what ``columns`` name."""
        with self._database.write() as connection:
            insert_many(connection, rows, ("source", "kind", "import_id", *columns), some)
        self._uncounted += len(some)

    def finish(self, source: str, begun: Mapping[str, int], seen: Mapping[str, Collection[int]], now: float) -> bool:
        """Make the rows of these imports visible, all in one transaction.

        False, and nothing is, when others of the same files have been finished meanwhile.

        :param begun: their numbers, by kind.
        :param seen: what was finished before their rows were compared, by kind.
        """
        asked = {"source": source, "kinds": sorted(begun)}
        try:
            with self._database.write() as connection:
                # Of two that finish at once, one waits here for the other, as each locks its own row too; and what
                # was finished is read afterwards, as a statement does not see what happens while it waits.
                unfinished = set(connection.scalars(_LOCK, asked))
                known = frozenset().union(*(seen[kind] for kind in begun))
                if not unfinished.issuperset(begun.values()) or set(connection.scalars(_FINISHED, asked)) - known:
                    raise _OvertakenError
                connection.execute(_FINISH, {"numbers": sorted(begun.values()), "now": now})
        except _OvertakenError:
            return False
        if self._uncounted >= MANY:
            self._count()
        return True

    def supersede(self, source: str, kind: str, number: int, keys: Collection[str]) -> None:
        """Remove the older rows of these keys."""
        asked = list(keys)
        for start in range(0, len(asked), AT_ONCE):
            some = {"source": source, "kind": kind, "number": number, "keys": asked[start : start + AT_ONCE]}
            with self._database.write() as connection:
                connection.execute(_SUPERSEDE, some)

    def discard(self, source: str, kind: str, number: int) -> None:
        """Remove an import that was not finished, and its rows."""
        asked = {"source": source, "kind": kind, "number": number, "most": AT_ONCE * 10}
        self._count()
        while True:
            with self._database.write() as connection:
                keys = list(connection.scalars(_SOME_OF, asked))
                for start in range(0, len(keys), AT_ONCE):
                    some = {"source": source, "kind": kind, "number": number}
                    connection.execute(_DISCARD, {**some, "keys": keys[start : start + AT_ONCE]})
                if not keys:
                    connection.execute(_FORGET, {"number": number})
            if not keys:
                return

    def _count(self) -> None:
        self._uncounted = 0
        if not self._database.embedded:
            with suppress(StoreUnavailableError), self._database.write() as connection:
                connection.execute(sa.text(f"ANALYZE {rows.name}"))

    def ties(self, source: str, ids: Collection[str]) -> list[Tie]:
        """The rows that tie one of these ids, as object or as instance, each once."""
        if not ids:
            return []
        with self._database.read() as connection:
            found = list(connection.execute(_TIED, {"source": source, "ids": sorted(ids)}))
            badges = sorted({row.badge_id for row in found if row.badge_id})
            asked = {"source": source, "kind": "badge", "keys": badges}
            issued = {row.key: row for row in connection.execute(_BADGES, asked)} if badges else {}
        ties = {}
        for row in sorted(found, key=lambda row: int(row.import_id)):  # the newest comes last
            badge = issued.get(row.badge_id)
            target = (badge.connection, badge.template_id) if badge else (None, None)
            ties[row.kind, row.key] = Tie(row.kind, row.key, row.object_id, row.instance_id, row.badge_id, *target)
        return list(ties.values())

    @staticmethod
    def forget(connection: Connection, name: str) -> None:
        """Everything of a source, and of badges of a provider connection, of that name: it is removed."""
        connection.execute(sa.delete(rows).where(sa.or_(rows.c.source == name, rows.c.connection == name)))
        connection.execute(sa.delete(imports).where(imports.c.source == name))


_DONE = sa.and_(rows.c.import_id == imports.c.id, imports.c.finished_at.is_not(None))
_OF_FILE = (rows.c.source == sa.bindparam("source"), rows.c.kind == sa.bindparam("kind"))
_KEYS = rows.c.key.in_(sa.bindparam("keys", expanding=True))
# Built once: to build them takes longer than the database does.
_CURRENT = (
    sa.select(rows.c.key, rows.c.digest, rows.c.number)
    .join(imports, _DONE)
    .where(*_OF_FILE, _KEYS)
    .order_by(rows.c.import_id)
)
_ABANDONED = sa.select(imports.c.id).where(
    imports.c.source == sa.bindparam("source"),
    imports.c.kind == sa.bindparam("kind"),
    imports.c.finished_at.is_(None),
    imports.c.started_at < sa.bindparam("before"),
)
_BEGIN = sa.insert(imports).returning(imports.c.id)
_SAME_FILES = (
    imports.c.source == sa.bindparam("source"),
    imports.c.kind.in_(sa.bindparam("kinds", expanding=True)),
)
_LOCK = (
    sa.select(imports.c.id)
    .where(*_SAME_FILES, imports.c.finished_at.is_(None))
    .order_by(imports.c.id)  # always in one order, so that no two wait for each other
    .with_for_update()
)
_FINISHED = sa.select(imports.c.id).where(*_SAME_FILES, imports.c.finished_at.is_not(None))
_NUMBERS: sa.BindParameter[int] = sa.bindparam("numbers", expanding=True)
_FINISH = sa.update(imports).where(imports.c.id.in_(_NUMBERS)).values(finished_at=sa.bindparam("now"))
_SUPERSEDE = sa.delete(rows).where(*_OF_FILE, _KEYS, rows.c.import_id < sa.bindparam("number"))
_FORGET = sa.delete(imports).where(imports.c.id == sa.bindparam("number"), imports.c.finished_at.is_(None))
_SOME_OF = (
    sa.select(rows.c.key)
    .where(*_OF_FILE, rows.c.import_id == sa.bindparam("number"))
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_DISCARD = sa.delete(rows).where(*_OF_FILE, _KEYS, rows.c.import_id == sa.bindparam("number"))
_BADGES = (
    sa.select(rows.c.key, rows.c.connection, rows.c.template_id)
    .join(imports, _DONE)
    .where(*_OF_FILE, _KEYS)
    .order_by(rows.c.import_id)
)


_IDS: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)


def _tied(column: sa.Column[str]) -> sa.Select[tuple[object, ...]]:
    wanted = (rows.c.import_id, rows.c.kind, rows.c.key, rows.c.object_id, rows.c.instance_id, rows.c.badge_id)
    # As an expression, so that SQLite does not take the primary key, which begins with it, and read all of a source.
    of_source = rows.c.source.concat("") == sa.bindparam("source")
    asked = (of_source, column.is_not(None), column.in_(_IDS))
    return sa.select(*wanted).join(imports, _DONE).where(*asked)


# Not one condition with OR: SQLite would read every row of the source, once for each completion.
_TIED = sa.union_all(_tied(rows.c.object_id), _tied(rows.c.instance_id))
