"""Locks between processes: work that only one of them does at a time."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

import sqlalchemy as sa

from .database import Database, StoreUnavailableError
from .leases import LEASE_SECONDS, RENEW_SECONDS
from .schema.tables import locks

PROCESSES = ":turns"
"""Name in place of a connection, which cannot have such a name."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The owner of a lock. :param expires_at: seconds since the epoch."""

    owner: str
    expires_at: float


class Locks:
    """The locks of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, what: str, *, seconds: float, now: float) -> bool:
        """Lock for so many seconds, without a release; False where another process has the lock."""
        owner = secrets.token_hex(16)
        return self.claim(what, owner, seconds=seconds, now=now).owner == owner

    def claim(self, what: str, owner: str, *, seconds: float, now: float) -> LockHolder:
        """Take or prolong a lock, unless another owner has it, and return its holder.

        An end further away than ``seconds`` was written by a clock that ran ahead: such a lock is free.
        """
        wanted = {"owner": owner, "expires_at": now + seconds}
        free = sa.or_(locks.c.expires_at <= now, locks.c.expires_at > now + seconds, locks.c.owner == owner)
        with self._database.write() as transaction:
            transaction.execute(
                self._database.insert(locks)
                .values(connection=PROCESSES, key=what, **wanted)
                .on_conflict_do_update(index_elements=["connection", "key"], set_=wanted, where=free)
            )
            row = transaction.execute(sa.select(locks.c.owner, locks.c.expires_at).where(*_is(what))).one()
        return LockHolder(row.owner, row.expires_at)

    def release(self, what: str, owner: str) -> None:
        """Free a lock, where this owner has it."""
        with self._database.write() as transaction:
            transaction.execute(sa.delete(locks).where(*_is(what), locks.c.owner == owner))


def _is(what: str) -> list[sa.ColumnElement[bool]]:
    return [locks.c.connection == PROCESSES, locks.c.key == what]


class LockedError(Exception):
    """Another process has the lock; the message names it."""


class ExclusiveLock:
    """Lets one process at a time run a ``with`` block. The lock is free soon after its process was killed.

    :param what: the work, in words; at most 64 characters.
    :param now: returns seconds since the epoch. :param sleep: sleeps for seconds.
    """

    def __init__(
        self, locks: Locks, what: str, now: Callable[[], float], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._locks = locks
        self._what = what
        self._now = now
        self._sleep = sleep
        self._owner = f"process {os.getpid()} on {socket.gethostname()[:24]} {secrets.token_hex(6)}"
        self._holder = self._owner
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name=f"lock {what}", daemon=True)

    def __enter__(self) -> ExclusiveLock:
        """Take the lock; wait until that of a killed process ends.

        :raises LockedError: another process is alive and has it.
        """
        first = held = self._claim()
        while held.owner != self._owner:
            if held != first:
                self.check()
            self._sleep(RENEW_SECONDS / 2)
            held = self._claim()
        self._renewing.start()
        return self

    def check(self) -> None:
        """Make sure that this process still has the lock.

        :raises LockedError: another process took it, as this one stood still for long.
        """
        if self._holder != self._owner:
            raise LockedError(f"{self._holder.rpartition(' ')[0]} works on {self._what}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._renewing.join()
        with suppress(StoreUnavailableError):  # it ends by itself
            self._locks.release(self._what, self._owner)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            with suppress(StoreUnavailableError):
                self._claim()

    def _claim(self) -> LockHolder:
        held = self._locks.claim(self._what, self._owner, seconds=LEASE_SECONDS, now=self._now())
        self._holder = held.owner
        return held
