"""Backfills as administrators start them, with their options and states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..database import Database
from ..schema.tables import backfills
from .values import Backfill


class Backfills:
    """The backfills, with their states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, connection: str, source: str, origin: str, options: Mapping[str, Any], now: float) -> int:
        """Store a new backfill in the state ``reading``. Returns its number."""
        values = {
            "connection": connection,
            "source": source,
            "origin": origin,
            "state": "reading",
            "options": json.dumps(options),
            "left_out": "{}",
            "created_at": now,
            "updated_at": now,
        }
        with self._database.write() as transaction:
            made = transaction.execute(sa.insert(backfills).values(values).returning(backfills.c.id))
            return int(made.scalar_one())

    def get(self, number: int) -> Backfill | None:
        """Return the backfill of this number, or None."""
        with self._database.read() as transaction:
            row = transaction.execute(sa.select(backfills).where(backfills.c.id == number)).one_or_none()
        return None if row is None else _backfill(row)

    def all(self) -> list[Backfill]:
        """Return all backfills, the newest first."""
        with self._database.read() as transaction:
            return [
                _backfill(row) for row in transaction.execute(sa.select(backfills).order_by(backfills.c.id.desc()))
            ]

    def remove(self, number: int) -> None:
        """Remove a backfill whose completions are removed already."""
        with self._database.write() as transaction:
            transaction.execute(sa.delete(backfills).where(backfills.c.id == number))

    def move(self, number: int, state: str, now: float, left_out: Mapping[str, int] | None = None) -> None:
        """Set the state of a backfill.

        :param left_out: the number of lines that were left out, by reason; None leaves it as it is.
        """
        values: dict[str, Any] = {"state": state, "updated_at": now}
        if left_out is not None:
            values["left_out"] = json.dumps(left_out)
        with self._database.write() as transaction:
            transaction.execute(sa.update(backfills).where(backfills.c.id == number).values(values))


def _backfill(row: Row[Any]) -> Backfill:
    return Backfill(
        id=row.id,
        connection=row.connection,
        source=row.source,
        origin=row.origin,
        state=row.state,
        options=json.loads(row.options),
        left_out=json.loads(row.left_out),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
