"""How often a connection may call: a storage for ``limits`` in our database, so that all processes share it.

A connection's row counts the calls of the current window and of the one before it, and each call is one statement.
The windows of a row begin with its first call, not with the clock's hour: when the clock steps back, the row goes
back with it, and neither is a place lost nor does anybody wait for the time that has to pass again.

Where calls have to keep a distance, a row says instead until when those made so far keep the other side busy, if it
takes one after the other: a leaky bucket, which needs no window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport

from ..database import Database, StoreUnavailableError
from ..schema.tables import budgets

SKEW_SECONDS = 30.0
"""Clocks of several machines may differ by so much. Less is no step back: for so long, time just stands still."""

NO_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """Where a budget stands.

    :param age: seconds since the current window began.
    :param used: places taken in it; ``used_before`` in the one before.
    """

    age: float
    used: int
    used_before: int
    granted: bool

    def wait(self, limit: int, seconds: float) -> float:
        """Seconds until there may be a place again; 0.0 where there is one."""
        left = seconds - self.age
        if self.used < limit:
            over = self.used_before * left / seconds + self.used - limit
            return 0.0 if over < 0 else min(over * seconds / self.used_before, left)
        # The window is full. In the next one its calls count less and less.
        return left + (self.used - limit) * seconds / self.used

    def left(self, limit: int, seconds: float) -> int:
        """Places that are free now."""
        counted = self.used_before * (seconds - self.age) / seconds + self.used
        return max(0, limit - int(counted))


class BudgetStorage(Storage, SlidingWindowCounterSupport):
    """The budgets of one connection.

    :param now: seconds since the epoch.
    """

    STORAGE_SCHEME = None

    def __init__(self, database: Database, connection: str, now: Callable[[], float]) -> None:
        super().__init__()
        self._database = database
        self.connection = connection
        self._now = now

    @property
    def base_exceptions(self) -> type[Exception]:
        return StoreUnavailableError

    def take(self, key: str, limit: int, seconds: float, amount: int = 1) -> Window:
        """Take places if they are there; ``granted`` says so. One short transaction."""
        asked = {"connection": self.connection, "key": key, "now": self._now()}
        with self._database.write() as connection:
            row = connection.execute(
                _TAKE, asked | {"most": limit, "window": float(seconds), "amount": amount, "skew": SKEW_SECONDS}
            ).one()
        return Window(row.asked_at - row.started_at, row.used, row.used_before, bool(row.granted))

    def look(self, key: str, seconds: float) -> Window:
        """Where the budget stands, without taking anything."""
        with self._database.read() as connection:
            row = connection.execute(_LOOK, {"connection": self.connection, "key": key}).one_or_none()
        if row is None:
            return Window(0.0, 0, 0, True)
        age = max(self._now(), row.asked_at) - row.started_at
        if self._now() < row.asked_at - SKEW_SECONDS:
            age = row.asked_at - row.started_at
        if age < seconds:
            return Window(age, row.used, row.used_before, True)
        return Window(age - seconds, 0, row.used, True) if age < 2 * seconds else Window(0.0, 0, 0, True)

    def drip(self, key: str, interval: float, burst: int, *, spare: int = 0, insist: bool = False) -> float:
        """Take a place among calls that come one in ``interval`` seconds, but so many at once after a rest.

        :param spare: so many places of a burst are left to others. :param insist: take a place in any case.
        :return: 0.0, or the seconds until there is one.
        """
        now, depth = self._now(), max(0, burst - spare - 1) * interval
        asked = {
            "connection": self.connection,
            "key": key,
            "now": now,
            "interval": interval,
            "depth": NO_LIMIT if insist else depth,
            "full": burst * interval + SKEW_SECONDS,
        }
        with self._database.write() as connection:
            row = connection.execute(_DRIP, asked).one()
        return 0.0 if row.granted else max(row.started_at - depth - now, 0.001)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        return self.take(key, limit, expiry, amount).granted

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        window = self.look(key, expiry)
        return window.used_before, expiry - window.age, window.used, 2 * expiry - window.age

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 (a row has one window)
        self.clear(key)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Take places whether they are there or not."""
        return self.take(key, NO_LIMIT, expiry, amount).used

    def get(self, key: str) -> int:
        with self._database.read() as connection:
            row = connection.execute(_LOOK, {"connection": self.connection, "key": key}).one_or_none()
        return 0 if row is None else int(row.used)

    def get_expiry(self, key: str) -> float:
        """When the window began: what it is counted for, only who asks knows."""
        with self._database.read() as connection:
            row = connection.execute(_LOOK, {"connection": self.connection, "key": key}).one_or_none()
        return self._now() if row is None else float(row.started_at)

    def check(self) -> bool:
        self.get("")
        return True

    def reset(self) -> int:
        with self._database.write() as connection:
            mine = budgets.c.connection == self.connection
            return connection.execute(sa.delete(budgets).where(mine)).rowcount

    def clear(self, key: str) -> None:
        with self._database.write() as connection:
            mine = [budgets.c.connection == self.connection, budgets.c.key == key]
            connection.execute(sa.delete(budgets).where(*mine))


# While the clock is behind the last call, no time passes for the window.
_AGE = "(CASE WHEN :now < budgets.asked_at THEN budgets.asked_at ELSE :now END - budgets.started_at)"
_USED = f"(CASE WHEN {_AGE} < :window THEN budgets.used ELSE 0 END)"
_BEFORE = f"""(CASE WHEN {_AGE} < :window THEN budgets.used_before
    WHEN {_AGE} < 2 * :window THEN budgets.used ELSE 0 END)"""
_NEW_AGE = f"""(CASE WHEN {_AGE} < :window THEN {_AGE}
    WHEN {_AGE} < 2 * :window THEN {_AGE} - :window ELSE 0 END)"""
_ASKED = """(CASE WHEN :now < budgets.asked_at AND :now >= budgets.asked_at - :skew
    THEN budgets.asked_at ELSE :now END)"""
_GRANTED = f"({_BEFORE} * (:window - {_NEW_AGE}) / :window + {_USED} < :most - :amount + 1)"

_TAKE = sa.text(
    f"""INSERT INTO budgets (connection, key, started_at, asked_at, used, used_before, granted)
    VALUES (:connection, :key, :now, :now, :amount, 0, true)
    ON CONFLICT (connection, key) DO UPDATE SET
        started_at = {_ASKED} - {_NEW_AGE},
        asked_at = {_ASKED},
        used = {_USED} + CASE WHEN {_GRANTED} THEN :amount ELSE 0 END,
        used_before = {_BEFORE},
        granted = {_GRANTED}
    RETURNING started_at, asked_at, used, used_before, granted"""  # noqa: S608 (our own expressions)
).bindparams(
    sa.bindparam("now", type_=sa.Double),
    sa.bindparam("window", type_=sa.Double),
    sa.bindparam("skew", type_=sa.Double),
    sa.bindparam("most", type_=sa.Integer),
    sa.bindparam("amount", type_=sa.Integer),
)

# ``started_at`` is until when the other side is busy. Further ahead than a full bucket, another clock wrote it.
_BUSY = """(CASE WHEN budgets.started_at < :now OR budgets.started_at > :now + :full THEN :now
    ELSE budgets.started_at END)"""
_DRIP = sa.text(
    f"""INSERT INTO budgets (connection, key, started_at, asked_at, used, used_before, granted)
    VALUES (:connection, :key, :now + :interval, :now, 1, 0, true)
    ON CONFLICT (connection, key) DO UPDATE SET
        started_at = {_BUSY} + CASE WHEN {_BUSY} - :now <= :depth THEN :interval ELSE 0 END,
        asked_at = :now,
        granted = {_BUSY} - :now <= :depth
    RETURNING started_at, granted"""  # noqa: S608 (our own expressions)
).bindparams(*(sa.bindparam(name, type_=sa.Double) for name in ("now", "interval", "depth", "full")))
_LOOK = sa.select(budgets).where(
    budgets.c.connection == sa.bindparam("connection"), budgets.c.key == sa.bindparam("key")
)
