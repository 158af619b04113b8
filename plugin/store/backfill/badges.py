"""Badges that past completions would earn, with their states in the plan of a backfill."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..database import Database
from ..history import storable
from ..schema.tables import backfill_badges as badges
from .values import NewBadge, PlannedBadge, StateChange

PORTION = 500
"""Rows of one transaction."""

NOT_ISSUED = ("has", "cannot", "beyond", "unasked")
"""States of badges that a confirmed plan does not issue."""


class PlannedBadges:
    """The badges of all plans."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_state(self, number: int, state: str, *, after: int = 0, limit: int = PORTION) -> list[PlannedBadge]:
        """Return the first badges of a state, by id. :param after: only those with a higher id."""
        return self._select(badges.c.backfill == number, badges.c.state == state, badges.c.id > after, limit=limit)

    def unasked(self, number: int, connection: str, template_id: str, *, limit: int = PORTION) -> list[PlannedBadge]:
        """Return badges of a template about which the provider has not been asked."""
        return self._select(*_unasked(number, connection, template_id), limit=limit)

    def unasked_of_learners(
        self, number: int, connection: str, template_id: str, learners: Collection[str], *, limit: int
    ) -> list[PlannedBadge]:
        """Return those of :meth:`unasked` that are these learners'."""
        mine = _unasked(number, connection, template_id)
        return self._select(*mine, badges.c.learner_id.in_(learners), limit=limit)

    def unasked_of_addresses(
        self, number: int, connection: str, template_id: str, addresses: Collection[str], *, limit: int
    ) -> list[PlannedBadge]:
        """Return those of :meth:`unasked` whose recipients have these e-mail addresses, given as digests."""
        mine = _unasked(number, connection, template_id)
        return self._select(*mine, badges.c.address.in_(addresses), limit=limit)

    def mark(self, changes: Iterable[StateChange]) -> None:
        """Set the states of badges."""
        rows = [
            {"id_": each.id, "new_state": each.state, "new_reason": each.reason, "new_award": each.award_id}
            for each in changes
        ]
        if rows:
            with self._database.write() as transaction:
                transaction.execute(_MARK, rows)

    def targets(self, number: int, state: str) -> list[tuple[str, str, int]]:
        """Return the provider connections and templates of the badges of a state, with the number of badges."""
        query = (
            sa.select(badges.c.connection, badges.c.template_id, sa.func.count())
            .where(badges.c.backfill == number, badges.c.state == state)
            .group_by(badges.c.connection, badges.c.template_id)
            .order_by(badges.c.connection, badges.c.template_id)
        )
        with self._database.read() as transaction:
            return [(row[0], row[1], row[2]) for row in transaction.execute(query)]

    def counts(self, number: int) -> dict[str, int]:
        """Return the number of badges by state, and under ``learners`` that of the learners who would get one."""
        per_state = (
            sa.select(badges.c.state, sa.func.count()).where(badges.c.backfill == number).group_by(badges.c.state)
        )
        learners = sa.select(sa.func.count(badges.c.learner_id.distinct())).where(
            badges.c.backfill == number, badges.c.state.not_in(NOT_ISSUED)
        )
        with self._database.read() as transaction:
            found = {row[0]: row[1] for row in transaction.execute(per_state)}
            return {**found, "learners": transaction.scalar(learners) or 0}

    def _select(self, *wanted: sa.ColumnElement[bool], limit: int) -> list[PlannedBadge]:
        query = sa.select(badges).where(*wanted).order_by(badges.c.id).limit(limit)
        with self._database.read() as transaction:
            return [PlannedBadge(**row._mapping) for row in transaction.execute(query)]


def add_badge(transaction: Connection, statement: Any, badge: NewBadge) -> bool:
    """Add a badge. Returns False if the backfill has the same badge already.

    :param statement: of :func:`insert_badge`, which takes longer to build than to run.
    """
    reason = badge.reason and storable(badge.reason)
    return transaction.scalar(statement, {**asdict(badge), "reason": reason}) is not None


def insert_badge(database: Database) -> Any:
    """Return the statement that adds a badge unless it is there."""
    return (
        database.insert(badges)
        .on_conflict_do_nothing(index_elements=["backfill", "connection", "template_id", "learner_id", "period"])
        .returning(badges.c.id)
    )


def confirmed(transaction: Connection, number: int, learner_id: str) -> set[tuple[str, str, str]]:
    """Return the badges of the learner in a confirmed plan: provider connection, template, period."""
    rows = transaction.execute(_CONFIRMED, {"number": number, "learner": learner_id})
    return {(row.connection, row.template_id, row.period) for row in rows}


def _unasked(number: int, connection: str, template_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        badges.c.backfill == number,
        badges.c.connection == connection,
        badges.c.template_id == template_id,
        badges.c.state == "unasked",
    )


_MARK: Any = (
    sa.update(badges)
    .where(badges.c.id == sa.bindparam("id_"))
    .values(
        state=sa.bindparam("new_state"),
        reason=sa.bindparam("new_reason"),
        award_id=sa.func.coalesce(sa.bindparam("new_award", type_=sa.BigInteger), badges.c.award_id),
    )
)
_CONFIRMED = sa.select(badges.c.connection, badges.c.template_id, badges.c.period).where(
    badges.c.backfill == sa.bindparam("number"),
    badges.c.learner_id == sa.bindparam("learner"),
    badges.c.state.not_in(NOT_ISSUED),
)
