"""What the connections look like from outside: no settings, no secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..store import Store
from ..store.schema.tables import connections, rules, templates

STATES = ("up", "resting", "stopped", "paused")
LAST_EVENT = "last_event"
"""The name of the measurement that says when a source connection last took an event of its account."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One connection.

    :param source: what its own events carry as their source; empty for a provider.
    :param state: one of ``STATES``.
    :param failures: in a row.
    :param silence: seconds since its account's last event, or since it was connected; None for a provider.
    """

    name: str
    role: str
    type: str
    source: str
    state: str
    failures: int
    silence: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """:param measured: rows of the table of measurements. :param schedule: rows of the schedule.
    :param dead_rules: how many rules of each provider connection name a template from which nothing can be issued.
    """

    connections: tuple[Seen, ...]
    measured: tuple[Row[Any], ...]
    schedule: tuple[Row[Any], ...]
    dead_rules: dict[str, int]


def look(store: Store) -> Overview:
    """:raises StoreUnavailableError: the database does not answer."""
    measured = store.measurements.all()
    last = {row.connection: row.value for row in measured if row.name == LAST_EVENT}
    now = store.now()
    with store.database.read() as transaction:
        rows = transaction.execute(sa.select(connections).order_by(connections.c.name)).all()
        dead = {row.connection: row.rules for row in transaction.execute(_DEAD_RULES)}
    return Overview(
        tuple(_seen(row, last.get(row.name), now) for row in rows),
        tuple(measured),
        tuple(store.schedule.all()),
        {row.name: dead.get(row.name, 0) for row in rows if row.role == "provider"},
    )


_DEAD_RULES = (
    sa.select(rules.c.connection, sa.func.count().label("rules"))
    .outerjoin(
        templates,
        sa.and_(templates.c.connection == rules.c.connection, templates.c.template_id == rules.c.template_id),
    )
    .where(sa.or_(templates.c.state.is_(None), templates.c.state != "active"))
    .group_by(rules.c.connection)
)


def _seen(row: Row[Any], last: float | None, now: float) -> Seen:
    is_source = row.role == "source"
    account = json.loads(row.settings).get("account_id", "") if is_source else ""
    return Seen(
        row.name,
        row.role,
        row.type,
        f"{row.type}:{account}" if is_source else "",
        _state(row, now),
        row.failures,
        max(0.0, now - max(last or 0.0, row.created_at)) if is_source else None,
    )


def _state(row: Row[Any], now: float) -> str:
    if row.paused:
        return "paused"
    if row._mapping.get("stopped"):
        return "stopped"
    return "resting" if row.failures and row.retry_at > now else "up"
