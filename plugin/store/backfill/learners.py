"""The learners of a backfill's completions: by id, by address, and those whom the answer cache does not have.

Only answers of the completion's source connection count. Callers ask for portions, since there may be millions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from ..database import Database
from ..schema.tables import backfill_completions as completions
from ..schema.tables import cache


class BackfillLearners:
    """The learners of past completions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def addresses(self, number: int, among: Collection[str]) -> set[str]:
        """Return those of these addresses, as digests, that belong to completions without a learner's id."""
        query = sa.select(completions.c.address).where(*_without_learner(number), completions.c.address.in_(among))
        with self._database.read() as transaction:
            return set(transaction.scalars(query))

    def any_address_unknown(self, number: int, kind: str) -> bool:
        """Return whether a completion without a learner's id has an address without an answer of this kind."""
        query = sa.select(completions.c.id).where(
            *_without_learner(number), ~_has_answer(kind, completions.c.address)
        )
        with self._database.read() as transaction:
            return transaction.scalar(query.limit(1)) is not None

    def unknown_learners(self, number: int, among: Collection[str], kind: str, *, newer_than: float) -> set[str]:
        """Return the given learners without a cached answer of this kind.

        :param newer_than: answers fetched before this time do not count; seconds since the epoch.
        """
        # Not by backfill and state: for a few learners, SQLite would read all that it has of these.
        query = sa.select(completions.c.learner_id, completions.c.backfill, completions.c.state).where(
            completions.c.learner_id.in_(among), ~_is_known(kind, newer_than)
        )
        with self._database.read() as transaction:
            rows = transaction.execute(query).all()
        return {row.learner_id for row in rows if (row.backfill, row.state) == (number, "read")}

    def has_unknown_learners(self, number: int, least: int, kind: str, *, newer_than: float) -> bool:
        """Return whether so many of the backfill's learners are unknown, as in :meth:`unknown_learners`."""
        mine = [
            completions.c.backfill == number,
            completions.c.state == "read",
            completions.c.learner_id.is_not(None),
        ]
        query = sa.select(completions.c.learner_id).distinct().where(*mine, ~_is_known(kind, newer_than))
        with self._database.read() as transaction:
            return len(transaction.scalars(query.limit(least)).all()) == least

    def set_learners(self, learners: Iterable[tuple[int, str]]) -> None:
        """Set the learners' ids of completions. :param learners: (completion, learner id)."""
        rows = [{"completion": completion, "learner": learner} for completion, learner in learners]
        if rows:
            with self._database.write() as transaction:
                transaction.execute(_SET_LEARNER, rows)


def _without_learner(number: int) -> list[sa.ColumnElement[bool]]:
    return [completions.c.backfill == number, completions.c.state == "read", completions.c.learner_id.is_(None)]


def _is_known(kind: str, newer_than: float) -> sa.ColumnElement[bool]:
    return _has_answer(kind, completions.c.learner_id, cache.c.fetched_at > newer_than)


def _has_answer(kind: str, key: sa.ColumnElement[str], *wanted: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return the condition that the cache has an answer of the completion's connection."""
    return sa.exists().where(
        cache.c.connection == completions.c.connection, cache.c.kind == kind, cache.c.key == key, *wanted
    )


_SET_LEARNER = (
    sa.update(completions)
    .where(completions.c.id == sa.bindparam("completion"))
    .values(learner_id=sa.bindparam("learner"))
)
