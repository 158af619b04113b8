"""Whose turn it is, where each of several processes could do something that one of them should."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from .database import Database
from .tables import locks

TURNS = ":turns"
"""In place of a connection, which cannot have such a name."""


class Turns:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, what: str, *, seconds: float, now: float) -> bool:
        """Whether it is this caller's turn: nobody's for so many seconds afterwards.

        An end further away than that was written by a clock that ran ahead, and holds nobody up.
        """
        owner = secrets.token_hex(16)
        turn = {"owner": owner, "expires_at": now + seconds}
        with self._database.write() as connection:
            connection.execute(
                self._database.insert(locks)
                .values(connection=TURNS, key=what, **turn)
                .on_conflict_do_update(
                    index_elements=["connection", "key"],
                    set_=turn,
                    where=sa.or_(locks.c.expires_at <= now, locks.c.expires_at > now + seconds),
                )
            )
            kept = sa.select(locks.c.owner).where(locks.c.connection == TURNS, locks.c.key == what)
            return connection.scalar(kept) == owner
