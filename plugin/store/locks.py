"""Whose turn it is, where each of several processes could do something that one of them should."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from .database import Database
from .schema.tables import locks

TURNS = ":turns"
"""In place of a connection, which cannot have such a name."""


class Turns:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, what: str, *, seconds: float, now: float) -> bool:
        """Whether it is this caller's turn: nobody's for so many seconds afterwards."""
        owner = secrets.token_hex(16)
        return bool(self.claim(what, owner, seconds=seconds, now=now).owner == owner)

    def claim(self, what: str, owner: str, *, seconds: float, now: float) -> Row[Any]:
        """Who has it now, until when: this owner for so many seconds, unless another has it.

        An end further away than that was written by a clock that ran ahead, and holds nobody up.
        """
        turn = {"owner": owner, "expires_at": now + seconds}
        free = sa.or_(locks.c.expires_at <= now, locks.c.expires_at > now + seconds, locks.c.owner == owner)
        with self._database.write() as transaction:
            transaction.execute(
                self._database.insert(locks)
                .values(connection=TURNS, key=what, **turn)
                .on_conflict_do_update(index_elements=["connection", "key"], set_=turn, where=free)
            )
            return transaction.execute(sa.select(locks).where(*_is(what))).one()

    def give_back(self, what: str, owner: str) -> None:
        with self._database.write() as transaction:
            transaction.execute(sa.delete(locks).where(*_is(what), locks.c.owner == owner))


def _is(what: str) -> list[sa.ColumnElement[bool]]:
    return [locks.c.connection == TURNS, locks.c.key == what]
