"""The append-only history: each change of an event or an award, with its time and its cause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .database import Transaction
from .schema.tables import history

MAX_CAUSE = 1000
"""Maximum characters of a cause."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an event or an award.

    :param at: seconds since the epoch. :param state: the state after the change.
    """

    at: float
    connection: str
    correlation_id: str
    state: str
    cause: str
    event_id: int | None = None
    award_id: int | None = None


def storable(text: str) -> str:
    """Return a text as every database can keep it: without NUL and lone surrogates."""
    return _UNSTORABLE.sub("\ufffd", text)


def record(transaction: Transaction, changes: list[Change]) -> None:
    if changes:
        transaction.execute(
            sa.insert(history),
            [
                {
                    "at": change.at,
                    "connection": change.connection,
                    "correlation_id": change.correlation_id,
                    "state": change.state,
                    "cause": storable(change.cause)[:MAX_CAUSE],
                    "event_id": change.event_id,
                    "award_id": change.award_id,
                }
                for change in changes
            ],
        )


def changes_of(
    transaction: Transaction, *, event_id: int | None = None, award_id: int | None = None
) -> list[dict[str, Any]]:
    """Return the history of an event or of an award, oldest first."""
    column, value = (history.c.event_id, event_id) if award_id is None else (history.c.award_id, award_id)
    rows = transaction.execute(sa.select(history).where(column == value).order_by(history.c.id))
    return [dict(row._mapping) for row in rows]
