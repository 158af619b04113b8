"""The inbox: events are committed here before their arrival is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import sqlalchemy as sa

from .. import leases
from ..database import Database, Transaction
from ..schema.tables import EVENT_OPEN, events
from .events import COLUMNS, CORRELATION_ID, IMPORTS, InboxEvent, NewEvent, Values, row_of
from .group_commit import GroupCommit

ROWS_AT_ONCE = 100
"""Maximum rows of one INSERT: far below the number of parameters that SQLite and PostgreSQL take."""


class Inbox:
    """Stores events and hands them out."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mark = "?" if database.embedded else "%s"
        self._commits = GroupCommit(database, self._insert)

    def add(self, new: Iterable[NewEvent], now: float) -> list[str]:
        """Commit the events; one that is there already (connection, source, event id) stays as it is.

        :return: their correlation ids; one that was there already keeps its own, which ends alike.
        :raises StoreUnavailableError: none of these events was stored.
        """
        rows = [row_of(event, now) for event in new]
        if rows:
            self._commits.add(rows)
        return [row[CORRELATION_ID] for row in rows]

    def _insert(self, rows: list[Values]) -> None:
        if len(rows) <= ROWS_AT_ONCE:
            self._database.write_once(self._statement(len(rows)), tuple(chain.from_iterable(rows)))
            return
        with self._database.write(locked=True) as transaction:
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                transaction.exec_driver_sql(self._statement(len(some)), tuple(chain.from_iterable(some)))

    def _statement(self, rows: int) -> str:
        """Return one INSERT of so many rows: the driver releases the interpreter once, not for each of them."""
        marks = f"({', '.join([self._mark] * len(COLUMNS))})"
        return (
            f"INSERT INTO {events.name} ({', '.join(COLUMNS)}) VALUES {', '.join([marks] * rows)} "  # noqa: S608 (names and marks of ours)
            "ON CONFLICT (connection, source, event_id) DO NOTHING"
        )

    def claim(self, lane: str, owner: str, limit: int, now: float) -> list[InboxEvent]:
        """Lease due events of a lane."""
        with self._database.write() as transaction:
            return leases.take(transaction, _TAKE, InboxEvent, owner=owner, limit=limit, now=now, of_lane=lane)

    def file_before(self, event: InboxEvent) -> int | None:
        """Return the number of the source's last ``csv_imported`` event before this one that is still open."""
        asked = {"of_source": event.source, "before": event.id}
        with self._database.read() as transaction:
            found: int | None = transaction.scalar(_FILE_BEFORE, asked)
        return found


def finish(
    transaction: Transaction,
    event: InboxEvent,
    state: str,
    reason: str | None,
    *,
    due_at: float,
    lane: str | None = None,
    attempts: int | None = None,
    unmapped: bool = False,
) -> bool:
    """End the lease on an event with this state; return False where another worker has taken it over.

    :param lane: hand it to these workers; None leaves it where it is, as it leaves ``attempts``.
    :param unmapped: nothing is tied to its learning object.
    """
    changed = {
        "new_state": state,
        "new_reason": reason,
        "new_due_at": due_at,
        "new_lane": event.lane if lane is None else lane,
        "new_attempts": event.attempts if attempts is None else attempts,
        "new_unmapped": unmapped,
    }
    done = transaction.execute(_FINISH, {"event": event.id, "owner": event.lease_owner, **changed})
    return done.rowcount == 1


def follow(transaction: Transaction, database: Database, new: Iterable[NewEvent], now: float) -> None:
    """Put events into the inbox that follow from a decision, inside its transaction.

    An event that is there already, because the decision is taken again, is decided on again.
    """
    rows = [dict(zip(COLUMNS, row_of(event, now), strict=True)) for event in new]
    if not rows:
        return
    statement = database.insert(events)
    again = {"state": "received", "reason": None, "payload": statement.excluded.payload, "due_at": now, "attempts": 0}
    statement = statement.on_conflict_do_update(
        index_elements=["connection", "source", "event_id"],
        set_=again,
        where=sa.text(f"{events.name}.state NOT IN ('received', 'waiting')"),
    )
    transaction.execute(statement, rows)


# Built once: the engine asks all the time.
_TAKE = leases.taking(events, EVENT_OPEN, events.c.lane == sa.bindparam("of_lane"))
_FILE_BEFORE = sa.select(sa.func.max(events.c.id)).where(
    events.c.lane == IMPORTS,
    EVENT_OPEN,
    events.c.source == sa.bindparam("of_source"),
    events.c.id < sa.bindparam("before"),
)
_FINISH = (
    sa.update(events)
    .where(events.c.id == sa.bindparam("event"), events.c.lease_owner == sa.bindparam("owner"))
    .values(
        {
            column: sa.bindparam(f"new_{column}")
            for column in ("state", "reason", "due_at", "lane", "attempts", "unmapped")
        }
    )
    .values(lease_owner=None)
)
