"""Taking due rows for a while: what makes a crash harmless and several workers possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from .tables import awards, events, notifications

LEASE_SECONDS = 15.0
"""A lease that nobody renews ends after this; a restart waits at most so long for what a crash left behind."""


def take(
    connection: Connection,
    table: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool] | sa.TextClause],
    *,
    owner: str,
    limit: int,
    now: float,
    changes: dict[str, Any] | None = None,
) -> list[Row[Any]]:
    """Lease the ``limit`` rows that have been due longest, oldest first."""
    due = (
        sa.select(table.c.id)
        .where(*conditions, table.c.due_at <= now)
        .order_by(table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    leased = (
        sa.update(table)
        .where(table.c.id.in_(sa.select(due.c.id)))
        .values(due_at=now + LEASE_SECONDS, lease_owner=owner, attempts=table.c.attempts + 1, **(changes or {}))
        .returning(table)
    )
    return sorted(connection.execute(leased), key=lambda row: int(row.id))


def renew(connection: Connection, owners: Iterable[str], now: float) -> None:
    """Prolong what these owners hold. A row that is just being settled is left out rather than waited for."""
    names = list(owners)
    for table in (awards, events, notifications):
        held = sa.select(table.c.id).where(table.c.lease_owner.in_(names)).with_for_update(skip_locked=True).cte()
        connection.execute(
            sa.update(table).where(table.c.id.in_(sa.select(held.c.id))).values(due_at=now + LEASE_SECONDS)
        )
