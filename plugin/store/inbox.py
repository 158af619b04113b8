"""The inbox: events are committed here before anyone is told that they arrived."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from . import leases
from .database import Database, StoreUnavailableError
from .history import Change, record
from .tables import EVENT_OPEN, connections, events

HOSTS = ":hosts"
"""The lane of events that LMS hosts gave us; ``:hosts:<source>`` is for what only that host's process can do."""


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


class _Ticket:
    __slots__ = ("done", "error", "rows")

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.done = False
        self.error: StoreUnavailableError | None = None


class Inbox:
    """Stores events. Threads that arrive while a commit is under way share the next one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: list[_Ticket] = []
        self._pending_guard = threading.Lock()
        self._turn = database.writer if database.embedded else threading.Lock()

    def add(self, new: Iterable[NewEvent], now: float) -> None:
        """Commit the events; one that is there already (connection, source, event id) stays as it is.

        :raises StoreUnavailableError: nothing of these was stored.
        """
        ticket = _Ticket([_row(event, now) for event in new])
        if not ticket.rows:
            return
        with self._pending_guard:
            self._pending.append(ticket)
        with self._turn:
            if not ticket.done:
                with self._pending_guard:
                    batch, self._pending = self._pending, []
                self._commit(batch)
        if ticket.error is not None:
            raise ticket.error

    def _commit(self, batch: list[_Ticket]) -> None:
        try:
            self._insert([row for ticket in batch for row in ticket.rows])
        except StoreUnavailableError as error:
            for ticket in batch:
                ticket.error = StoreUnavailableError(str(error))
        finally:
            for ticket in batch:
                ticket.done = True

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        statement = self._database.insert(events).on_conflict_do_nothing(
            index_elements=["connection", "source", "event_id"]
        )
        with self._database.write(locked=True) as connection:
            connection.execute(statement, rows)

    def claim(self, lane: str, owner: str, limit: int, now: float) -> list[Row[Any]]:
        """Lease due events of a lane."""
        with self._database.write() as connection:
            return leases.take(
                connection, events, [EVENT_OPEN, events.c.lane == lane], owner=owner, limit=limit, now=now
            )

    def lanes_due(self, host_lanes: Iterable[str], now: float, *, connections_too: bool = True) -> list[str]:
        """Which lanes have due events: these of hosts, and connections that are neither paused nor resting."""

        def due(lane: Any) -> sa.ColumnElement[bool]:
            return sa.exists(sa.select(1).where(events.c.lane == lane, EVENT_OPEN, events.c.due_at <= now))

        from_connections = sa.select(connections.c.name).where(
            connections.c.role == "source",
            ~connections.c.paused,
            connections.c.retry_at <= now,
            due(connections.c.name),
        )
        with self._database.read() as connection:
            lanes = list(connection.scalars(from_connections)) if connections_too else []
            lanes += [lane for lane in host_lanes if connection.scalar(sa.select(due(lane)))]
        return lanes

    def replay(self, ids: Iterable[int], now: float) -> int:
        """Work on these events again from the start; how many there were. The ledger keeps badges single."""
        with self._database.write() as connection:
            rows = connection.execute(
                sa.update(events)
                .where(events.c.id.in_(list(ids)))
                .values(state="received", reason=None, due_at=now, lease_owner=None)
                .returning(events.c.id, events.c.connection, events.c.correlation_id)
            ).all()
            record(
                connection,
                [
                    Change(
                        now, row.connection, row.correlation_id, "received", "replayed by an administrator", row.id
                    )
                    for row in rows
                ],
            )
        return len(rows)


def finish(connection: Connection, row: Row[Any], state: str, reason: str | None, now: float, **values: Any) -> bool:
    """End our lease on an event with this state; False when the lease was lost to somebody else."""
    done = connection.execute(
        sa.update(events)
        .where(events.c.id == row.id, events.c.lease_owner == row.lease_owner)
        .values(state=state, reason=reason, lease_owner=None, **{"due_at": now, **values})
    )
    return done.rowcount == 1


def _row(event: NewEvent, now: float) -> dict[str, Any]:
    return {
        "connection": event.connection,
        "source": event.source,
        "event_id": event.event_id,
        "lane": event.lane,
        "kind": event.kind,
        "learner_id": event.learner_id,
        "learning_object_id": event.learning_object_id,
        "payload": event.payload,
        "state": event.state,
        "reason": event.reason,
        "correlation_id": uuid.uuid4().hex,
        "occurred_at": event.occurred_at,
        "received_at": now,
        "due_at": now,
        "lease_owner": None,
        "attempts": 0,
    }
