"""Backfills: past completions as they were read, the badges that they would earn, and how far each has come.

All of it is rows, read and written in portions, so that a million completions need no more memory than a thousand,
and no transaction is long enough to hold up a delivery.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from ..database import Database
from ..history import storable
from ..schema.tables import backfill_badges as badges
from ..schema.tables import backfill_completions as completions
from ..schema.tables import backfills

PORTION = 500
"""Rows of one transaction."""

NOT_AGREED = ("has", "cannot", "beyond", "unasked")
"""States of badges that a plan does not give."""


class Backfills:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._upsert = database.insert(completions).on_conflict_do_update(
            index_elements=["backfill", "key"], set_=_merged(database.insert(completions).excluded)
        )
        self._add_badge = (
            database.insert(badges)
            .on_conflict_do_nothing(index_elements=["backfill", "connection", "template_id", "learner_id", "period"])
            .returning(badges.c.id)
        )

    def begin(self, connection: str, source: str, origin: str, wish: Mapping[str, Any], now: float) -> int:
        """A new backfill's number."""
        values = {
            "connection": connection,
            "source": source,
            "origin": origin,
            "state": "reading",
            "wish": json.dumps(wish),
            "left_out": "{}",
            "created_at": now,
            "updated_at": now,
        }
        with self._database.write() as transaction:
            made = transaction.execute(sa.insert(backfills).values(values).returning(backfills.c.id))
            return int(made.scalar_one())

    def get(self, number: int) -> dict[str, Any] | None:
        with self._database.read() as transaction:
            row = transaction.execute(sa.select(backfills).where(backfills.c.id == number)).one_or_none()
        return None if row is None else _opened(row)

    def all(self) -> list[dict[str, Any]]:
        """The newest first."""
        with self._database.read() as transaction:
            return [_opened(row) for row in transaction.execute(sa.select(backfills).order_by(backfills.c.id.desc()))]

    def discard(self, number: int) -> None:
        """Forget a backfill whose file could not be read."""
        self.drop(number, [])
        with self._database.write() as transaction:
            transaction.execute(sa.delete(backfills).where(backfills.c.id == number))

    def move(self, number: int, state: str, now: float, left_out: Mapping[str, int] | None = None) -> None:
        """:param left_out: how many lines were not looked at, by why."""
        values: dict[str, Any] = {"state": state, "updated_at": now}
        if left_out is not None:
            values["left_out"] = json.dumps(left_out)
        with self._database.write() as transaction:
            transaction.execute(sa.update(backfills).where(backfills.c.id == number).values(values))

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Completions as they were read. Lines of the same key are one: completed and passed if all of them are."""
        with self._database.write() as transaction:
            transaction.execute(self._upsert, rows)

    def drop(self, number: int, wanted: Sequence[sa.ColumnElement[bool]]) -> int:
        """Forget completions; how many lines they were."""
        mine = [completions.c.backfill == number, *wanted]
        gone = 0
        for ids in self._portions(mine):
            with self._database.write() as transaction:
                found = transaction.execute(
                    sa.delete(completions).where(completions.c.id.in_(ids)).returning(completions.c.lines)
                )
                gone += sum(found.scalars())
        return gone

    def judge(self, number: int, wanted: Sequence[sa.ColumnElement[bool]], reason: str) -> None:
        """Completions that cannot earn anything, whoever is asked."""
        mine = [completions.c.backfill == number, completions.c.state == "read", *wanted]
        for ids in self._portions(mine):
            with self._database.write() as transaction:
                values = {"state": "cannot", "reason": reason}
                transaction.execute(sa.update(completions).where(completions.c.id.in_(ids)).values(values))

    def completions(self, ids: Collection[int]) -> list[Row[Any]]:
        with self._database.read() as transaction:
            return list(transaction.execute(sa.select(completions).where(completions.c.id.in_(ids))))

    def in_state(self, number: int, state: str, *wanted: sa.ColumnElement[bool], limit: int) -> list[Row[Any]]:
        """The first completions of that state."""
        query = sa.select(completions).where(completions.c.backfill == number, completions.c.state == state, *wanted)
        with self._database.read() as transaction:
            return list(transaction.execute(query.order_by(completions.c.id).limit(limit)))

    def settle(self, states: Iterable[tuple[int, str, str | None]]) -> None:
        """Of completions that are only read: (completion, state, reason)."""
        with self._database.write() as transaction:
            _settle(transaction, _SETTLE, states)

    def decided(self, states: Sequence[tuple[int, str, str | None]], planned: Sequence[Mapping[str, Any]]) -> None:
        """Write what completions would earn, and their states; what is decided already stays as it is.

        :param planned: badges; one that an earlier completion of this backfill earns already is not counted twice.
        """
        with self._database.write() as transaction:
            undecided = set(transaction.scalars(_UNDECIDED, {"ids": [number for number, *_ in states]}))
            mine = [row for row in planned if row["completion"] in undecided]
            new = {row["completion"]: False for row in mine}
            for row in mine:
                reason = row["reason"] and storable(row["reason"])
                if transaction.scalar(self._add_badge, {**row, "reason": reason}) is not None:
                    new[row["completion"]] = True
            repeated = {completion for completion, is_new in new.items() if not is_new}
            again = ("cannot", "an earlier line earns the same badge")
            _settle(
                transaction,
                _SETTLE,
                [(number, *(again if number in repeated else rest)) for number, *rest in states],
            )

    def badges(
        self, number: int, *wanted: sa.ColumnElement[bool], after: int = 0, limit: int = PORTION
    ) -> list[Row[Any]]:
        query = sa.select(badges).where(badges.c.backfill == number, badges.c.id > after, *wanted)
        with self._database.read() as transaction:
            return list(transaction.execute(query.order_by(badges.c.id).limit(limit)))

    def mark(self, states: Iterable[tuple[int, str, str | None]], award: Mapping[int, int] | None = None) -> None:
        """Of badges: (badge, state, reason). :param award: the ledger's numbers, by badge."""
        awards = award or {}
        rows = [
            {"id_": id_, "new_state": state, "new_reason": reason, "new_award": awards.get(id_)}
            for id_, state, reason in states
        ]
        if rows:
            with self._database.write() as transaction:
                transaction.execute(_MARK, rows)

    def targets(self, number: int, state: str) -> list[tuple[str, str, int]]:
        """Provider connections and templates of the badges of that state, with how many."""
        query = (
            sa.select(badges.c.connection, badges.c.template_id, sa.func.count())
            .where(badges.c.backfill == number, badges.c.state == state)
            .group_by(badges.c.connection, badges.c.template_id)
            .order_by(badges.c.connection, badges.c.template_id)
        )
        with self._database.read() as transaction:
            return [(row[0], row[1], row[2]) for row in transaction.execute(query)]

    def counts(self, number: int) -> dict[str, int]:
        """Badges by state, and ``learners`` who would get one."""
        per_state = (
            sa.select(badges.c.state, sa.func.count()).where(badges.c.backfill == number).group_by(badges.c.state)
        )
        people = sa.select(sa.func.count(badges.c.learner_id.distinct())).where(
            badges.c.backfill == number, badges.c.state.not_in(NOT_AGREED)
        )
        with self._database.read() as transaction:
            found = {row[0]: row[1] for row in transaction.execute(per_state)}
            return {**found, "learners": transaction.scalar(people) or 0}

    def _portions(self, mine: Sequence[sa.ColumnElement[bool]]) -> Iterator[Sequence[int]]:
        last = 0
        while True:
            query = sa.select(completions.c.id).where(*mine, completions.c.id > last)
            with self._database.read() as transaction:
                ids = transaction.scalars(query.order_by(completions.c.id).limit(PORTION)).all()
            if not ids:
                return
            yield ids
            last = ids[-1]


def confirmed(transaction: Connection, number: int, learner_id: str) -> set[tuple[str, str, str]]:
    """What that backfill's plan gives this learner: (provider connection, template, period)."""
    rows = transaction.execute(_CONFIRMED, {"number": number, "learner": learner_id})
    return {(row.connection, row.template_id, row.period) for row in rows}


def _opened(row: Row[Any]) -> dict[str, Any]:
    values = dict(row._mapping)
    return {**values, "wish": json.loads(values["wish"]), "left_out": json.loads(values["left_out"])}


def _merged(new: Any) -> dict[str, Any]:
    old = completions.c
    both = sa.and_(old.passed, new.passed)
    later = sa.or_(old.occurred_at.is_(None), new.occurred_at > old.occurred_at)
    return {
        "lines": old.lines + 1,
        "completed": sa.and_(old.completed, new.completed),
        "passed": sa.case((old.passed.is_(None), new.passed), (new.passed.is_(None), old.passed), else_=both),
        "occurred_at": sa.case((later, new.occurred_at), else_=old.occurred_at),
        "score": sa.func.coalesce(old.score, new.score),
    }


def _settle(transaction: Connection, statement: Any, states: Iterable[tuple[Any, ...]]) -> None:
    rows: list[dict[str, Any]] = [
        {"id_": id_, "new_state": state, "new_reason": reason and storable(reason)} for id_, state, reason in states
    ]
    if rows:
        transaction.execute(statement, rows)


_UNDECIDED = (
    sa.select(completions.c.id)
    .where(completions.c.id.in_(sa.bindparam("ids", expanding=True)), completions.c.state == "read")
    .order_by(completions.c.id)
    .with_for_update()
)
_SETTLE = (
    sa.update(completions)
    .where(completions.c.id == sa.bindparam("id_"), completions.c.state == "read")
    .values(state=sa.bindparam("new_state"), reason=sa.bindparam("new_reason"))
)
_MARK = (
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
    badges.c.state.not_in(NOT_AGREED),
)
