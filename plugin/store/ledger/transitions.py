"""Changing the state of many awards at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ..database import Transaction
from ..schema.tables import HeldReason, awards, history
from .awards import LOOKUP_SECONDS


def move(
    transaction: Transaction,
    chosen: Sequence[sa.ColumnElement[bool] | sa.TextClause],
    to: str,
    cause: str,
    now: float,
    *,
    held_for: HeldReason | None = None,
    **values: Any,
) -> int:
    """Set the state of the chosen awards, with one row of history each, in two statements however many they are.

    :param held_for: the reason, where they become ``held``.
    :param values: of further columns.
    """
    transaction.execute(
        sa.insert(history).from_select(
            ["at", "connection", "award_id", "correlation_id", "state", "cause"],
            sa.select(
                sa.literal(now),
                awards.c.connection,
                awards.c.id,
                awards.c.correlation_id,
                sa.literal(to),
                sa.literal(cause),
            ).where(*chosen),
        )
    )
    changed = transaction.execute(
        sa.update(awards)
        .where(*chosen)
        .values(
            state=to,
            reason=cause if to == "held" else None,
            held_for=held_for,
            due_at=due_again(now),
            lease_owner=None,
            **values,
        )
    )
    return changed.rowcount


def due_again(now: float) -> sa.ColumnElement[float]:
    """Return when an award is due again: at once, or later where a call of a moment ago may still act."""
    return sa.case((awards.c.in_doubt, now + LOOKUP_SECONDS), else_=now)
