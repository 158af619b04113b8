"""The work that is due, or will be: one query over all lanes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa

from .database import Database
from .schema.tables import AWARD_TO_SEND, EVENT_OPEN, awards, connections, events, notifications, schedule

Kind = Literal["decide", "send", "notify", "tend"]


@dataclass(frozen=True, slots=True)
class DueLane:
    """Work that is done together, one batch at a time.

    :param kind: ``decide`` on events, ``send`` awards, ``notify`` a host, or ``tend`` a connection's schedule.
    :param name: the inbox's lane, the provider connection, the host, or the scheduled connection.
    :param due_at: time of the earliest work, in seconds since the epoch.
    """

    kind: Kind
    name: str
    due_at: float


class DueWork:
    def __init__(self, database: Database) -> None:
        self._database = database

    def lanes(
        self,
        *,
        host_lanes: Collection[str] = (),
        hosts: Collection[str] = (),
        tasks: Collection[str] = (),
        with_connections: bool = True,
    ) -> list[DueLane]:
        """Return the lanes that have work now or later, without those of paused connections.

        :param host_lanes: lanes of the inbox beside those of connections.
        :param hosts: hosts whose notices count.
        :param tasks: scheduled tasks that count.
        :param with_connections: also return the lanes of connections.
        :raises StoreUnavailableError: the database does not answer.
        """
        statement = _statement(tuple(host_lanes), tuple(hosts), tuple(tasks), with_connections)
        if statement is None:
            return []
        return [DueLane(row.kind, row.name, row.due_at) for row in self._database.rows(statement, {})]


@lru_cache(maxsize=32)
def _statement(
    host_lanes: tuple[str, ...], hosts: tuple[str, ...], tasks: tuple[str, ...], with_connections: bool
) -> sa.Executable | None:
    parts: list[sa.Select[Any]] = []
    active = ~connections.c.paused
    if with_connections:
        to_decide = _earliest(events, events.c.lane == connections.c.name, EVENT_OPEN)
        to_send = _earliest(awards, awards.c.connection == connections.c.name, *AWARD_TO_SEND)
        parts.append(_of_connection("decide", to_decide).where(active, connections.c.role == "source"))
        parts.append(_of_connection("send", to_send).where(active))
    if tasks:
        of_tasks = (schedule.c.connection == connections.c.name, schedule.c.task.in_(tasks))
        parts.append(_of_connection("tend", _earliest(schedule, *of_tasks)).where(active))
    parts += [_of_host("decide", lane, _earliest(events, events.c.lane == lane, EVENT_OPEN)) for lane in host_lanes]
    parts += [_of_host("notify", host, _earliest(notifications, notifications.c.source == host)) for host in hosts]
    if not parts:
        return None
    lanes = sa.union_all(*parts).subquery()
    return sa.select(lanes).where(lanes.c.due_at.is_not(None))


def _earliest(table: sa.Table, *conditions: Any) -> sa.ScalarSelect[Any]:
    """Return the first due time by index. For a minimum SQLite might read all rows."""
    found = sa.select(table.c.due_at).where(*conditions).order_by(table.c.due_at).limit(1)
    return found.correlate(connections).scalar_subquery()


def _of_connection(kind: Kind, earliest: sa.ScalarSelect[Any]) -> sa.Select[Any]:
    due_at = sa.case((earliest < connections.c.retry_at, connections.c.retry_at), else_=earliest)
    return sa.select(_text(kind).label("kind"), connections.c.name.label("name"), due_at.label("due_at"))


def _of_host(kind: Kind, name: str, earliest: sa.ScalarSelect[Any]) -> sa.Select[Any]:
    return sa.select(_text(kind).label("kind"), _text(name).label("name"), earliest.label("due_at"))


def _text(value: str) -> sa.ColumnElement[str]:
    return sa.cast(sa.literal(value), sa.String)
