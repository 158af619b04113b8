"""The inbox: events are committed here before anyone is told that they arrived."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from .. import leases
from ..database import Database, StoreUnavailableError
from ..schema.tables import EVENT_OPEN, connections, events

HOSTS = ":hosts"
"""The lane of events that LMS hosts gave us; ``:hosts:<source>`` is for what only that host's process can do."""

IMPORTS = f"{HOSTS}-imports"
"""The lane of the files that hosts import: long work on large payloads, for which completions do not wait."""

GATHER_SECONDS = 0.002
"""How long a commit waits for as many deliveries as shared the last one; one alone waits for nobody."""

ROWS_AT_ONCE = 100
"""Rows of one INSERT: far below the number of parameters that SQLite and PostgreSQL take."""

_COLUMNS = (
    "connection",
    "source",
    "event_id",
    "lane",
    "kind",
    "learner_id",
    "learning_object_id",
    "payload",
    "state",
    "reason",
    "correlation_id",
    "occurred_at",
    "received_at",
    "due_at",
    "attempts",
    "backfill",
)
_CORRELATION_ID = _COLUMNS.index("correlation_id")
_Values = tuple[Any, ...]


def host_lane(source: str) -> str:
    return f"{HOSTS}:{source}"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event on its way in.

    :param connection: the source connection it came through; empty for an LMS host's own.
    :param lane: who works on it.
    :param kind: ``course_completed``, ``skill_created``, ``csv_imported``, or the sender's name for it.
    :param payload: JSON.
    :param occurred_at: seconds since the epoch.
    :param backfill: the number of the backfill that brings it; None for what has just happened.
    """

    connection: str
    source: str
    event_id: str
    lane: str
    kind: str
    payload: str = field(repr=False)
    state: str = "received"
    reason: str | None = None
    learner_id: str | None = None
    learning_object_id: str | None = None
    occurred_at: float | None = None
    backfill: int | None = None


class _Ticket:
    """The rows of one ``add``, and the thread that waits for them.

    :ivar leads: once woken, it commits for all that wait; else its rows are committed, or ``error`` says why not.
    :ivar following: whom it wakes next.
    """

    __slots__ = ("error", "following", "leads", "rows", "woken")

    def __init__(self, rows: list[_Values]) -> None:
        self.rows = rows
        self.error: Exception | None = None
        self.following: _Ticket | None = None
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()


class Inbox:
    """Stores events. Threads that arrive while a commit is under way share the next one.

    The first of them commits for all. Then it wakes the first of the newcomers as its successor, and the others
    whose rows it has committed one by one, each waking the next: all at once, they would spend more time on
    fighting for the interpreter than on answering.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mark = "?" if database.embedded else "%s"
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._guard = threading.Lock()
        self._enough = threading.Condition(self._guard)
        self._pending: list[_Ticket] = []
        self._led = False
        self._last = 1

    def add(self, new: Iterable[NewEvent], now: float) -> list[str]:
        """Commit the events; one that is there already (connection, source, event id) stays as it is.

        :return: their correlation ids; one that was there already keeps its own, which ends alike.
        :raises StoreUnavailableError: nothing of these was stored.
        """
        ticket = _Ticket([_values(event, now) for event in new])
        if not ticket.rows:
            return []
        with self._guard:
            self._pending.append(ticket)
            if not self._led:
                self._led = ticket.leads = True
                ticket.woken.release()
            elif len(self._pending) == self._last:
                self._enough.notify()
        try:
            ticket.woken.acquire()
        except BaseException:
            # A signal's handler raised. Somebody must do what this thread will be woken for: others wait behind it.
            threading.Thread(target=self._wait, args=(ticket,), name="badgerelay-inbox", daemon=True).start()
            raise
        self._go_on(ticket)
        if ticket.error is not None:
            raise ticket.error
        return [row[_CORRELATION_ID] for row in ticket.rows]

    def _wait(self, ticket: _Ticket) -> None:
        ticket.woken.acquire()
        self._go_on(ticket)

    def _go_on(self, ticket: _Ticket) -> None:
        if ticket.leads:
            self._lead(ticket)
        elif ticket.following is not None:
            ticket.following.woken.release()

    def _lead(self, own: _Ticket) -> None:
        batch: list[_Ticket] = []
        try:
            with self._database.writer:
                with self._guard:
                    # After a commit that was shared, as many will be here in a moment: worth more than the moment.
                    self._enough.wait_for(lambda: len(self._pending) >= self._last, GATHER_SECONDS)
                    batch, self._pending = self._pending, []
                    self._last = len(batch)
                self._commit(batch)
        except BaseException:
            for ticket in batch:
                ticket.error = StoreUnavailableError("the commit was interrupted")
            raise
        finally:
            self._hand_over(own, batch)

    def _hand_over(self, own: _Ticket, batch: list[_Ticket]) -> None:
        with self._guard:
            if not batch:  # interrupted before the commit
                self._pending.remove(own)
            self._led = bool(self._pending)
            successor = self._pending[0] if self._pending else None
        if successor is not None:
            successor.leads = True
            successor.woken.release()
        others = [ticket for ticket in batch if ticket is not own]
        for ticket, following in pairwise(others):
            ticket.following = following
        if others:
            others[0].woken.release()

    def _commit(self, batch: list[_Ticket]) -> None:
        try:
            self._insert([row for ticket in batch for row in ticket.rows])
        except StoreUnavailableError as error:
            for ticket in batch:
                ticket.error = StoreUnavailableError(str(error))
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            # A value that the driver refuses must not cost its neighbours: each alone.
            for ticket in batch:
                self._commit([ticket])

    def _insert(self, rows: list[_Values]) -> None:
        if len(rows) <= ROWS_AT_ONCE:
            self._database.write_once(self._statement(len(rows)), tuple(chain.from_iterable(rows)))
            return
        with self._database.write(locked=True) as transaction:
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                transaction.exec_driver_sql(self._statement(len(some)), tuple(chain.from_iterable(some)))

    def _statement(self, rows: int) -> str:
        """One INSERT of so many rows: the driver lets go of the interpreter once, not for each of them."""
        marks = f"({', '.join([self._mark] * len(_COLUMNS))})"
        return (
            f"INSERT INTO {events.name} ({', '.join(_COLUMNS)}) VALUES {', '.join([marks] * rows)} "  # noqa: S608 (names and marks of ours)
            "ON CONFLICT (connection, source, event_id) DO NOTHING"
        )

    def claim(self, lane: str, owner: str, limit: int, now: float) -> list[Row[Any]]:
        """Lease due events of a lane."""
        with self._database.write() as transaction:
            return leases.take(transaction, _TAKE, owner=owner, limit=limit, now=now, of_lane=lane)

    def lanes_due(self, host_lanes: Iterable[str], now: float, *, connections_too: bool = True) -> list[str]:
        """Which lanes have due events: these of hosts, and connections that are neither paused nor resting."""
        with self._database.read() as transaction:
            lanes = list(transaction.scalars(_CONNECTIONS_DUE, {"now": now})) if connections_too else []
            lanes += [lane for lane in host_lanes if transaction.scalar(_LANE_DUE, {"now": now, "lane": lane})]
        return lanes

    def file_before(self, row: Row[Any]) -> int | None:
        """The number of the last ``csv_imported`` event of the source before this one that is not done yet."""
        asked = {"of_source": row.source, "before": row.id}
        with self._database.read() as transaction:
            found: int | None = transaction.scalar(_FILE_BEFORE, asked)
        return found


def finish(
    transaction: Connection,
    row: Row[Any],
    state: str,
    reason: str | None,
    *,
    due_at: float,
    lane: str | None = None,
    attempts: int | None = None,
    unmapped: bool = False,
) -> bool:
    """End our lease on an event with this state; False when the lease was lost to somebody else.

    :param lane: hand it to these workers; None leaves it where it is, as it leaves ``attempts``.
    :param unmapped: nothing is tied to its learning object.
    """
    changed = {
        "new_state": state,
        "new_reason": reason,
        "new_due_at": due_at,
        "new_lane": row.lane if lane is None else lane,
        "new_attempts": row.attempts if attempts is None else attempts,
        "new_unmapped": unmapped,
    }
    done = transaction.execute(_FINISH, {"event": row.id, "owner": row.lease_owner, **changed})
    return done.rowcount == 1


def follow(transaction: Connection, database: Database, new: Iterable[NewEvent], now: float) -> None:
    """Put events into the inbox that follow from a decision, inside its transaction.

    One that is there already, because the decision is taken again, is looked at again unless it still is to be.
    """
    rows = [dict(zip(_COLUMNS, _values(event, now), strict=True)) for event in new]
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


def _due(lane: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists(sa.select(1).where(events.c.lane == lane, EVENT_OPEN, events.c.due_at <= sa.bindparam("now")))


# Built once: the engine asks all the time.
_TAKE = leases.taking(events, EVENT_OPEN, events.c.lane == sa.bindparam("of_lane"))
_LANE_DUE = sa.select(_due(sa.bindparam("lane", type_=sa.String)))
_CONNECTIONS_DUE = sa.select(connections.c.name).where(
    connections.c.role == "source",
    ~connections.c.paused,
    connections.c.retry_at <= sa.bindparam("now"),
    _due(connections.c.name),
)
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


def _values(event: NewEvent, now: float) -> _Values:
    """In the order of ``_COLUMNS``."""
    return (
        event.connection,
        event.source,
        event.event_id,
        event.lane,
        event.kind,
        event.learner_id,
        event.learning_object_id,
        event.payload,
        event.state,
        event.reason,
        _correlation_id(event, now),
        event.occurred_at,
        now,
        now,
        0,
        event.backfill,
    )


def _correlation_id(event: NewEvent, now: float) -> str:
    """32 hexadecimal digits. The time comes first, so that an index of them grows at its end, not all over.

    The last 20 are the event's own: a redelivery, which is logged but not stored, ends like what it repeats.
    """
    name = f"{event.connection}\0{event.source}\0{event.event_id}".encode(errors="surrogatepass")
    return f"{int(now * 1000):012x}{hashlib.blake2b(name, digest_size=10).hexdigest()}"
