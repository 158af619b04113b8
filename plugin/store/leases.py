"""Leases: a worker takes due rows for a while, so that a crash loses nothing and several workers can run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from .database import Transaction, Value, values_of
from .schema.tables import awards, events, notifications, schedule

LEASE_SECONDS = 10.0
"""Seconds until a lease ends that is not renewed; a restart waits at most so long for rows of a crashed process."""

RENEW_SECONDS = LEASE_SECONDS / 3
"""Seconds between two renewals of a lease."""


def taking(table: sa.Table, *conditions: sa.ColumnElement[bool] | sa.TextClause, **changes: Any) -> sa.Executable:
    """Return the statement for :func:`take`. Build it once: that takes longer than the database does.

    :param changes: what else a lease changes, by column.
    """
    due = (
        sa.select(table.c.id)
        .where(*conditions, table.c.due_at <= sa.bindparam("now"))
        .order_by(table.c.due_at)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    leased = {
        "due_at": sa.bindparam("until", type_=sa.Double),
        "lease_owner": sa.bindparam("owner", type_=sa.String),
        "attempts": table.c.attempts + 1,
    }
    return sa.update(table).where(table.c.id.in_(sa.select(due.c.id))).values(leased | changes).returning(table)


def take(
    transaction: Transaction,
    statement: sa.Executable,
    build: Callable[..., Value],
    *,
    owner: str,
    limit: int,
    now: float,
    **parameters: Any,
) -> list[Value]:
    """Lease the ``limit`` rows that have been due longest, oldest first.

    :param build: makes a value of a row's columns, which are in the order of the table.
    :param parameters: of the conditions; named otherwise than the columns.
    """
    leased = {"now": now, "until": now + LEASE_SECONDS, "owner": owner, "most": limit}
    rows = sorted(transaction.execute(statement, leased | parameters), key=lambda row: int(row.id))
    return values_of(build, rows)


def renew(transaction: Transaction, owners: Iterable[str], now: float) -> None:
    """Renew the leases of these owners, except for rows that another transaction is changing now."""
    names = list(owners)
    for table in (awards, events, notifications, schedule):
        held = sa.select(table.c.id).where(table.c.lease_owner.in_(names)).with_for_update(skip_locked=True).cte()
        prolong(transaction, table, sa.select(held.c.id), now)


def prolong(
    transaction: Transaction, table: sa.Table, ids: Sequence[int] | sa.Select[tuple[int]], now: float
) -> None:
    transaction.execute(sa.update(table).where(table.c.id.in_(ids)).values(due_at=now + LEASE_SECONDS))
