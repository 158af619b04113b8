"""The schedule: the periodic tasks of each connection, when they are due, and the outcome of their last run."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from . import leases
from .database import Database, values_of
from .history import MAX_CAUSE, storable
from .schema.tables import connections, schedule

Which = tuple[str, str]
"""A connection and a task."""


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """A task of a connection: the columns of the table ``schedule``, in their order.

    :param every_seconds: from one run to the next.
    :param due_at: seconds since the epoch, as all times.
    :param attempts: runs begun since the last that ended well.
    :param outcome: of the last run: ``done``, ``failed`` or ``waits``. :param said: by the last run.
    :param done_at: when a run last ended well.
    """

    id: int
    connection: str
    task: str
    every_seconds: float
    due_at: float
    lease_owner: str | None
    attempts: int
    began_at: float | None
    ended_at: float | None
    outcome: str | None
    said: str | None
    done_at: float | None


class Schedule:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._add = database.insert(schedule).on_conflict_do_nothing(index_elements=["connection", "task"])

    def arrange(self, wanted: Mapping[Which, float], tasks: Collection[str], now: float) -> None:
        """Bring the schedule to these tasks and intervals in seconds; remove the others of the known tasks.

        A new one is due for the first time after half of its interval to the whole, so that connections which were
        made together do not stay together.
        """
        rows = {(row.connection, row.task): row for row in self.all() if row.task in tasks}
        missing = wanted.keys() - rows.keys()
        superfluous = rows.keys() - wanted.keys()
        changed = [which for which in wanted.keys() & rows.keys() if rows[which].every_seconds != wanted[which]]
        if not (missing or superfluous or changed):
            return
        with self._database.write() as transaction:
            for which in sorted(missing):
                first = {"every_seconds": wanted[which], "due_at": now + _part(wanted[which]), "attempts": 0}
                transaction.execute(self._add, {"connection": which[0], "task": which[1], **first})
            for which in sorted(superfluous):
                transaction.execute(sa.delete(schedule).where(*_is(which)))
            for which in sorted(changed):
                soonest = now + _part(wanted[which])
                later = sa.and_(schedule.c.due_at > soonest, schedule.c.lease_owner.is_(None))
                due = sa.case((later, soonest), else_=schedule.c.due_at)
                values = {"every_seconds": wanted[which], "due_at": due}
                transaction.execute(sa.update(schedule).where(*_is(which)).values(values))

    def claim(self, name: str, tasks: Collection[str], owner: str, now: float) -> ScheduledTask | None:
        """Lease the task of a connection that has been due longest; None while the connection is paused."""
        with self._database.write() as transaction:
            asked = {"of_connection": name, "tasks": list(tasks)}
            taken = leases.take(transaction, _TAKE, ScheduledTask, owner=owner, limit=1, now=now, **asked)
        return taken[0] if taken else None

    def settle(self, task: ScheduledTask, outcome: str, said: str, due_at: float, now: float) -> bool:
        """Record the outcome of a run; return False where another process has taken over the lease.

        :param outcome: ``done``; ``failed``; or ``waits``, when it could not be begun, which is no failure.
        """
        values: dict[str, Any] = {
            "outcome": outcome,
            "said": storable(said)[:MAX_CAUSE],
            "ended_at": now,
            "due_at": due_at,
            "lease_owner": None,
        }
        if outcome == "done":
            values |= {"attempts": 0, "done_at": now}
        elif outcome == "waits":
            values["attempts"] = max(0, task.attempts - 1)
        held = [schedule.c.id == task.id, schedule.c.lease_owner == task.lease_owner]
        with self._database.write() as transaction:
            return transaction.execute(sa.update(schedule).where(*held).values(values)).rowcount == 1

    def call(self, which: Which, now: float) -> None:
        """Make a task due now, unless it is running or not on the schedule."""
        waiting = [*_is(which), schedule.c.lease_owner.is_(None), schedule.c.due_at > now]
        with self._database.write() as transaction:
            transaction.execute(sa.update(schedule).where(*waiting).values(due_at=now))

    def all(self) -> list[ScheduledTask]:
        """Return the whole schedule, by connection and task."""
        with self._database.read() as transaction:
            return values_of(ScheduledTask, transaction.execute(_ALL))


def _part(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 (spreading load)


def _is(which: Which) -> list[sa.ColumnElement[bool]]:
    return [schedule.c.connection == which[0], schedule.c.task == which[1]]


# Built once: the engine asks all the time.
_ALL = sa.select(schedule).order_by(schedule.c.connection, schedule.c.task)
_TASKS = schedule.c.task.in_(sa.bindparam("tasks", expanding=True))
_TAKE = leases.taking(
    schedule,
    schedule.c.connection == sa.bindparam("of_connection"),
    _TASKS,
    sa.exists(sa.select(1).where(connections.c.name == sa.bindparam("of_connection"), ~connections.c.paused)),
    began_at=sa.bindparam("now"),
)
