"""Reading events and awards for people: lists and single records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .database import Database
from .schema.tables import awards, events

MAX_NUMBER = 2**63 - 1
"""The highest number of an event or award that a database can be asked for."""


class Views:
    def __init__(self, database: Database) -> None:
        self._database = database

    def events(self, *, state: str | None = None, source: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The newest events first."""
        query = sa.select(events).order_by(events.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(events.c.state == state)
        if source is not None:
            query = query.where(sa.or_(events.c.source == source, events.c.connection == source))
        return self._rows(query)

    def awards(
        self,
        *,
        state: str | None = None,
        connection: str | None = None,
        learner: str | None = None,
        event: int | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """The newest awards first."""
        query = sa.select(awards).order_by(awards.c.id.desc()).limit(limit)
        for column, wanted in (
            (awards.c.state, state),
            (awards.c.connection, connection),
            (awards.c.learner_id, learner),
            (awards.c.event_id, event),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        return self._rows(query)

    def event(self, event_id: int) -> dict[str, Any] | None:
        return self._row(events, event_id)

    def award(self, award_id: int) -> dict[str, Any] | None:
        return self._row(awards, award_id)

    def events_called(self, name: str) -> list[dict[str, Any]]:
        """Events by the sender's event id or by correlation id.

        An event id is asked for of each sender, of whom there are few: an index on it alone would cost each delivery.
        """
        numbers = sa.select(events.c.id).order_by(events.c.id).limit(50)
        with self._database.read() as connection:
            found = set(connection.scalars(numbers.where(events.c.correlation_id == name)))
            for sender, source in _senders(connection):
                of_sender = [events.c.connection == sender, events.c.source == source]
                found.update(connection.scalars(numbers.where(*of_sender, events.c.event_id == name)))
            query = sa.select(events).where(events.c.id.in_(sorted(found)[:50])).order_by(events.c.id)
            return [dict(row._mapping) for row in connection.execute(query)]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many events and awards are in each state."""
        with self._database.read() as connection:
            return {
                table.name: {row.state: row.rows for row in connection.execute(_per_state(table))}
                for table in (events, awards)
            }

    def _row(self, table: sa.Table, number: int) -> dict[str, Any] | None:
        if not 0 < number <= MAX_NUMBER:
            return None
        return next(iter(self._rows(sa.select(table).where(table.c.id == number))), None)

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]


def _senders(transaction: Connection) -> Iterator[tuple[str, str]]:
    """Connections and sources that have events, each found by one look into the index."""
    first = sa.select(events.c.connection, events.c.source).order_by(events.c.connection, events.c.source).limit(1)
    sender = transaction.execute(first).one_or_none()
    while sender is not None:
        connection, source = sender
        yield connection, source
        same = first.where(events.c.connection == connection, events.c.source > source)
        other = first.where(events.c.connection > connection)  # not both in one: SQLite would read all in between
        sender = transaction.execute(same).one_or_none() or transaction.execute(other).one_or_none()


def _per_state(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.state, sa.func.count().label("rows")).group_by(table.c.state)
