"""Past completions of backfills.

They are read and written in portions: a million completions need no more memory than a thousand, and no transaction
is long enough to delay a delivery.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from ..database import Database
from ..history import storable
from ..schema.tables import backfill_completions as completions
from .badges import add_badge, insert_badge
from .values import NewBadge, NewCompletion, PastCompletion, StateChange

PORTION = 500
"""Rows of one transaction."""

ALREADY_EARNED = "an earlier line earns the same badge"

_NEW = tuple(field.name for field in fields(NewCompletion))


class PastCompletions:
    """The past completions of all backfills."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upsert = database.insert(completions).on_conflict_do_update(
            index_elements=["backfill", "key"], set_=_merged(database.insert(completions).excluded)
        )
        self._add_badge = insert_badge(database)

    def add(self, news: Sequence[NewCompletion]) -> None:
        """Add completions. Lines of the same key are one: completed and passed if all of them are."""
        with self._database.write() as transaction:
            transaction.execute(self._upsert, [{name: getattr(new, name) for name in _NEW} for new in news])

    def remove_all(self, number: int) -> None:
        """Remove all completions of a backfill."""
        self._remove(number)

    def remove_before(self, number: int, moment: float) -> int:
        """Remove the completions before this moment. Returns the number of their lines."""
        return self._remove(number, completions.c.occurred_at < moment)

    def remove_from(self, number: int, moment: float) -> int:
        """Remove the completions at or after this moment. Returns the number of their lines."""
        return self._remove(number, completions.c.occurred_at >= moment)

    def refuse_incomplete(self, number: int) -> None:
        """Mark the completions that earn nothing under any rule: not completed, not passed, without a date."""
        self._refuse(number, ~completions.c.completed, "not completed")
        self._refuse(number, completions.c.passed.is_(False), "completed without passing")
        self._refuse(number, completions.c.occurred_at.is_(None), "it has no completion date")

    def by_ids(self, ids: Collection[int]) -> list[PastCompletion]:
        """Return the completions of these ids."""
        with self._database.read() as transaction:
            rows = transaction.execute(sa.select(completions).where(completions.c.id.in_(ids)))
            return [completion_from(row) for row in rows]

    def in_state(
        self, number: int, state: str, *, after: int = 0, limit: int, without_learner: bool = False
    ) -> list[PastCompletion]:
        """Return the first completions of a state, by id.

        :param after: only those with a higher id.
        :param without_learner: only those whose learner's id is not known.
        """
        query = sa.select(completions).where(
            completions.c.backfill == number, completions.c.state == state, completions.c.id > after
        )
        if without_learner:
            query = query.where(completions.c.learner_id.is_(None))
        with self._database.read() as transaction:
            return [
                completion_from(row) for row in transaction.execute(query.order_by(completions.c.id).limit(limit))
            ]

    def settle(self, changes: Iterable[StateChange]) -> None:
        """Set the states of completions that are still in the state ``read``."""
        with self._database.write() as transaction:
            _settle(transaction, changes)

    def record_decisions(self, changes: Sequence[StateChange], badges: Sequence[NewBadge]) -> None:
        """Write the badges that completions would earn, and the completions' states.

        A completion that was decided before stays as it is. A badge that an earlier completion of this backfill earns
        is not added twice.
        """
        with self._database.write() as transaction:
            undecided = set(transaction.scalars(_UNDECIDED, {"ids": [change.id for change in changes]}))
            mine = [badge for badge in badges if badge.completion in undecided]
            is_new = {badge.completion: False for badge in mine}
            for badge in mine:
                if add_badge(transaction, self._add_badge, badge):
                    is_new[badge.completion] = True
            repeated = {completion for completion, new in is_new.items() if not new}
            _settle(
                transaction,
                [
                    StateChange(change.id, "cannot", ALREADY_EARNED) if change.id in repeated else change
                    for change in changes
                ],
            )

    def _remove(self, number: int, *wanted: sa.ColumnElement[bool]) -> int:
        lines = 0
        for ids in self._portions(completions.c.backfill == number, *wanted):
            with self._database.write() as transaction:
                removed = transaction.execute(
                    sa.delete(completions).where(completions.c.id.in_(ids)).returning(completions.c.lines)
                )
                lines += sum(removed.scalars())
        return lines

    def _refuse(self, number: int, flaw: sa.ColumnElement[bool], reason: str) -> None:
        mine = [completions.c.backfill == number, completions.c.state == "read", flaw]
        for ids in self._portions(*mine):
            with self._database.write() as transaction:
                values = {"state": "cannot", "reason": reason}
                transaction.execute(sa.update(completions).where(completions.c.id.in_(ids)).values(values))

    def _portions(self, *mine: sa.ColumnElement[bool]) -> Iterator[Sequence[int]]:
        last = 0
        while True:
            query = sa.select(completions.c.id).where(*mine, completions.c.id > last)
            with self._database.read() as transaction:
                ids = transaction.scalars(query.order_by(completions.c.id).limit(PORTION)).all()
            if not ids:
                return
            yield ids
            last = ids[-1]


def completion_from(row: Row[Any]) -> PastCompletion:
    """Return the value of a row of ``backfill_completions``."""
    return PastCompletion(**row._mapping)


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


def _settle(transaction: Connection, changes: Iterable[StateChange]) -> None:
    rows: list[dict[str, Any]] = [
        {"id_": each.id, "new_state": each.state, "new_reason": each.reason and storable(each.reason)}
        for each in changes
    ]
    if rows:
        transaction.execute(_SETTLE, rows)


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
