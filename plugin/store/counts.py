"""Counting events and awards by their state, without reading each of them.

Done events and issued awards are by far the most. They are what is left of all rows, which an index counts, after
those of the other states, which are few and have indexes of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .database import Database
from .schema.tables import AWARD_ENDED, AWARD_OPEN, EVENT_ENDED, EVENT_OPEN, awards, events

_Owner = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class StateCount:
    """The number of rows in one state.

    :param owner: of awards the provider connection; of events the source connection and the source.
    :param oldest: when the oldest of the open rows came, seconds since the epoch; None for the other states.
    """

    owner: tuple[str, ...]
    state: str
    rows: int
    oldest: float | None = None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """The number of rows with one reason.

    :param kind: ``event`` or ``award``.
    :param connection: the connection of the rows, or the source of a host's events.
    :param reason: the reason as it was recorded, with ids and numbers.
    """

    kind: str
    connection: str
    state: str
    reason: str
    rows: int


class StateCounts:
    """Counts the rows of the tables ``events`` and ``awards``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_events(self) -> list[StateCount]:
        """Count the events of each source. :raises StoreUnavailableError: the database does not answer."""
        return self._count(_EVENTS, "done")

    def of_awards(self) -> list[StateCount]:
        """Count the awards of each provider connection. :raises StoreUnavailableError: as above."""
        return self._count(_AWARDS, "issued")

    def of_reasons(self) -> list[ReasonCount]:
        """Count the rows that are neither done nor issued and carry a reason, by state and reason.

        :raises StoreUnavailableError: the database does not answer.
        """
        with self._database.read() as transaction:
            return [ReasonCount(*row) for query in _REASONS for row in transaction.execute(query)]

    def _count(self, queries: Sequence[sa.Select[Any]], remaining_state: str) -> list[StateCount]:
        all_rows, open_rows, ended_rows = queries
        with self._database.read() as transaction:
            left: dict[_Owner, int] = {tuple(row[:-1]): row[-1] for row in transaction.execute(all_rows)}
            found = [StateCount(tuple(row[:-3]), *row[-3:]) for row in transaction.execute(open_rows)]
            found += [StateCount(tuple(row[:-2]), *row[-2:]) for row in transaction.execute(ended_rows)]
        for each in found:
            left[each.owner] = left.get(each.owner, 0) - each.rows
        return [*found, *(StateCount(owner, remaining_state, rows) for owner, rows in left.items() if rows > 0)]


def _queries(
    owner: Sequence[sa.Column[Any]],
    state: sa.Column[Any],
    came: sa.Column[Any],
    is_open: sa.TextClause,
    is_ended: sa.TextClause,
) -> tuple[sa.Select[Any], ...]:
    rows = sa.func.count()
    # An expression, so that SQLite does not read all rows in the order of another index for the grouping.
    grouped = [sa.func.coalesce(column, "") for column in owner]
    positions: list[sa.ColumnElement[Any]] = [sa.literal_column(str(number + 1)) for number in range(len(owner) + 1)]
    return (
        sa.select(*owner, rows).group_by(*owner),
        sa.select(*grouped, state, rows, sa.func.min(came)).where(is_open).group_by(*positions),
        sa.select(*owner, state, rows).where(is_ended).group_by(*owner, state),
    )


_EVENTS = _queries(
    (events.c.connection, events.c.source), events.c.state, events.c.received_at, EVENT_OPEN, EVENT_ENDED
)
_AWARDS = _queries((awards.c.connection,), awards.c.state, awards.c.created_at, AWARD_OPEN, AWARD_ENDED)


def _reasons(
    kind: str, owner: sa.ColumnElement[Any], table: sa.Table, conditions: Sequence[sa.TextClause]
) -> list[sa.Select[Any]]:
    state, reason = table.c.state, table.c.reason
    select = sa.select(sa.literal_column(f"'{kind}'"), owner, state, reason, sa.func.count())
    return [select.where(condition, reason.is_not(None)).group_by(owner, state, reason) for condition in conditions]


_REASONS = [
    *_reasons(
        "event",
        sa.case((events.c.connection == "", events.c.source), else_=events.c.connection),
        events,
        (EVENT_OPEN, EVENT_ENDED),
    ),
    *_reasons("award", awards.c.connection, awards, (AWARD_OPEN, AWARD_ENDED)),
]
