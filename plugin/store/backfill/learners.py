"""Whose completions a backfill has read: learners by id or by address, and those of whom no kept answer tells.

A kept answer is one of the completion's source connection. Sets are asked for in portions: there may be millions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from ..database import Database
from ..schema.tables import backfill_completions as completions
from ..schema.tables import cache


class BackfillLearners:
    def __init__(self, database: Database) -> None:
        self._database = database

    def addresses(self, number: int, among: Collection[str]) -> set[str]:
        """Which of these addresses, as digests, completions have whose learner's id is not known."""
        query = sa.select(completions.c.address).where(*_nameless(number), completions.c.address.in_(among))
        with self._database.read() as transaction:
            return set(transaction.scalars(query))

    def any_address_unknown(self, number: int, kind: str) -> bool:
        """Whether there is such an address of which no kept answer of that kind tells."""
        query = sa.select(completions.c.id).where(*_nameless(number), ~_kept(kind, completions.c.address))
        with self._database.read() as transaction:
            return transaction.scalar(query.limit(1)) is not None

    def strangers(self, number: int, among: Collection[str], kind: str, *, newer_than: float) -> set[str]:
        """Of which of these learners of its completions no answer of that kind, fetched after that time, tells."""
        # Not by backfill and state: for a few learners, SQLite would read all that it has of these.
        query = sa.select(completions.c.learner_id, completions.c.backfill, completions.c.state).where(
            completions.c.learner_id.in_(among), ~_told(kind, newer_than)
        )
        with self._database.read() as transaction:
            rows = transaction.execute(query).all()
        return {row.learner_id for row in rows if (row.backfill, row.state) == (number, "read")}

    def has_strangers(self, number: int, many: int, kind: str, *, newer_than: float) -> bool:
        """Whether there are so many such learners."""
        mine = [
            completions.c.backfill == number,
            completions.c.state == "read",
            completions.c.learner_id.is_not(None),
        ]
        query = sa.select(completions.c.learner_id).distinct().where(*mine, ~_told(kind, newer_than))
        with self._database.read() as transaction:
            return len(transaction.scalars(query.limit(many)).all()) == many

    def know(self, learners: Iterable[tuple[int, str]]) -> None:
        """Whose completions these are: (completion, learner id)."""
        rows = [{"completion": completion, "learner": learner} for completion, learner in learners]
        if rows:
            with self._database.write() as transaction:
                transaction.execute(_KNOW, rows)


def _nameless(number: int) -> list[sa.ColumnElement[bool]]:
    return [completions.c.backfill == number, completions.c.state == "read", completions.c.learner_id.is_(None)]


def _told(kind: str, newer_than: float) -> sa.ColumnElement[bool]:
    return _kept(kind, completions.c.learner_id, cache.c.fetched_at > newer_than)


def _kept(kind: str, key: sa.ColumnElement[str], *wanted: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether there is an answer of the completion's connection."""
    return sa.exists().where(
        cache.c.connection == completions.c.connection, cache.c.kind == kind, cache.c.key == key, *wanted
    )


_KNOW = (
    sa.update(completions)
    .where(completions.c.id == sa.bindparam("completion"))
    .values(learner_id=sa.bindparam("learner"))
)
