"""Rows of imported files, per source. The rows of one import become visible together, when it is finished.

A row is never changed: a newer import's row of the same key takes its place. So a million rows are written in many
short transactions, between which deliveries are committed, and become visible all at once or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..database import Database, StoreUnavailableError
from ..schema.tables import imported_rows as rows
from ..schema.tables import imports
from .bulk_insert import insert_many

ABANDONED_SECONDS = 6 * 3600.0
"""Seconds after which an unfinished import was killed."""

KEYS_AT_ONCE = 1000
"""Maximum keys of one statement."""

ANALYZE_AFTER = 5000
"""Rows written after which PostgreSQL needs new statistics. Without them it takes a source for a small one and reads
all of it for each statement, until it analyzes the table by itself a minute later."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A row that ties a badge to an object.

    :param kind: the file, without ``.csv``.
    :param object_id: the learning object's or skill level's id in events.
    :param badge_id: the key of the badge in ``badge.csv``.
    :param connection: the provider connection that issues the badge; None if no connection does.
    """

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
    """The imports with their rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unanalyzed = 0

    def finished(self, source: str, kind: str) -> frozenset[int]:
        """Return the numbers of the finished imports, whose rows are visible."""
        with self._database.read() as transaction:
            return frozenset(transaction.scalars(_FINISHED, {"source": source, "kinds": [kind]}))

    def digests(self, source: str, kind: str, keys: Collection[str]) -> dict[str, int]:
        """Return the digests of the visible rows, by key."""
        return {key: digest for key, digest, _ in self._current(source, kind, keys)}

    def numbers(self, source: str, kind: str, keys: Collection[str]) -> dict[str, float | None]:
        """Return the numbers of the visible rows, by key; None for a row without one."""
        return {key: number for key, _, number in self._current(source, kind, keys)}

    def _current(self, source: str, kind: str, keys: Collection[str]) -> Iterable[tuple[str, int, float | None]]:
        found: dict[str, tuple[str, int, float | None]] = {}
        asked = list(keys)
        with self._database.read() as transaction:
            for start in range(0, len(asked), KEYS_AT_ONCE):
                some = {"source": source, "kind": kind, "keys": asked[start : start + KEYS_AT_ONCE]}
                for key, digest, number in transaction.execute(_CURRENT, some):
                    found[key] = (key, digest, number)  # the newest comes last
        return found.values()

    def begin(self, source: str, kind: str, now: float) -> int:
        """Begin an import and return its number; remove the rows of killed imports.

        Rows of the new import are not visible yet.
        """
        before = now - ABANDONED_SECONDS
        with self._database.write() as transaction:
            stale = list(transaction.scalars(_ABANDONED, {"source": source, "kind": kind, "before": before}))
            number = int(transaction.scalars(_BEGIN, {"source": source, "kind": kind, "started_at": now}).one())
        for each in stale:
            self.discard(source, kind, each)
        return number

    def add(self, columns: Sequence[str], some: Sequence[tuple[object, ...]]) -> None:
        """Write rows of an import.

        :param some: each row has its source, kind and import number, then the values of ``columns``.
        """
        with self._database.write() as transaction:
            insert_many(transaction, rows, ("source", "kind", "import_id", *columns), some)
        self._unanalyzed += len(some)

    def finish(self, source: str, begun: Mapping[str, int], seen: Mapping[str, Collection[int]], now: float) -> bool:
        """Make the rows of these imports visible, all in one transaction.

        Returns False, and makes no row visible, if another import of the same files has finished in the meantime.

        :param begun: the numbers of the imports, by kind.
        :param seen: the imports that were finished before the rows were compared, by kind.
        """
        asked = {"source": source, "kinds": sorted(begun)}
        try:
            with self._database.write() as transaction:
                # Of two imports that finish at once, one waits here for the other, since each locks its own row too.
                # Finished imports are read afterwards, since a statement does not see changes made while it waits.
                unfinished = set(transaction.scalars(_LOCK, asked))
                known = frozenset().union(*(seen[kind] for kind in begun))
                if not unfinished.issuperset(begun.values()) or set(transaction.scalars(_FINISHED, asked)) - known:
                    raise _OvertakenError
                transaction.execute(_FINISH, {"numbers": sorted(begun.values()), "now": now})
        except _OvertakenError:
            return False
        if self._unanalyzed >= ANALYZE_AFTER:
            self._analyze()
        return True

    def supersede(self, source: str, kind: str, number: int, keys: Collection[str]) -> None:
        """Remove the older rows of these keys."""
        asked = list(keys)
        for start in range(0, len(asked), KEYS_AT_ONCE):
            some = {"source": source, "kind": kind, "number": number, "keys": asked[start : start + KEYS_AT_ONCE]}
            with self._database.write() as transaction:
                transaction.execute(_SUPERSEDE, some)

    def discard(self, source: str, kind: str, number: int) -> None:
        """Remove an unfinished import and its rows."""
        asked = {"source": source, "kind": kind, "number": number, "most": KEYS_AT_ONCE * 10}
        self._analyze()
        while True:
            with self._database.write() as transaction:
                keys = list(transaction.scalars(_SOME_OF, asked))
                for start in range(0, len(keys), KEYS_AT_ONCE):
                    some = {"source": source, "kind": kind, "number": number}
                    transaction.execute(_DISCARD, {**some, "keys": keys[start : start + KEYS_AT_ONCE]})
                if not keys:
                    transaction.execute(_FORGET, {"number": number})
            if not keys:
                return

    def _analyze(self) -> None:
        self._unanalyzed = 0
        if not self._database.embedded:
            with suppress(StoreUnavailableError), self._database.write() as transaction:
                transaction.execute(sa.text(f"ANALYZE {rows.name}"))

    def ties(self, source: str, ids: Collection[str]) -> list[Tie]:
        """Return the rows that tie one of these ids, as object or as instance, each once."""
        if not ids:
            return []
        with self._database.read() as transaction:
            found = list(transaction.execute(_TIED, {"source": source, "ids": sorted(ids)}))
            badges = sorted({row.badge_id for row in found if row.badge_id})
            asked = {"source": source, "kind": "badge", "keys": badges}
            issued = {row.key: row for row in transaction.execute(_BADGES, asked)} if badges else {}
        ties = {}
        for row in sorted(found, key=lambda row: int(row.import_id)):  # the newest comes last
            badge = issued.get(row.badge_id)
            target = (badge.connection, badge.template_id) if badge else (None, None)
            ties[row.kind, row.key] = Tie(row.kind, row.key, row.object_id, row.instance_id, row.badge_id, *target)
        return list(ties.values())

    @staticmethod
    def forget(transaction: Connection, name: str) -> None:
        """Remove the rows of a removed source, and the badges of a removed provider connection."""
        transaction.execute(sa.delete(rows).where(sa.or_(rows.c.source == name, rows.c.connection == name)))
        transaction.execute(sa.delete(imports).where(imports.c.source == name))


_DONE = sa.and_(rows.c.import_id == imports.c.id, imports.c.finished_at.is_not(None))
_OF_FILE = (rows.c.source == sa.bindparam("source"), rows.c.kind == sa.bindparam("kind"))
_KEYS = rows.c.key.in_(sa.bindparam("keys", expanding=True))
# Built once: building them takes longer than running them.
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
