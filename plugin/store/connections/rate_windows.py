"""Rate limits of a connection, counted in our database, so that all processes share them.

A limit is either a number of calls in any window of time, or a distance between calls of which a few may come at once
(the generic cell rate algorithm). When the clock steps back, what was counted goes back with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ..database import Database
from ..schema.tables import budgets

SKEW_SECONDS = 30.0
"""Maximum difference between the clocks of several machines. A step back by less counts as no time passed."""

SLOTS = 20
"""Counters of one window. A call stops counting at most a twentieth of the window late, and never early."""

NO_LIMIT = 2**31 - 1

Slot = tuple[float, int]
"""Time of a counter's last call, and its number of calls."""


class RateWindows:
    """The counted calls of one connection.

    :param now: seconds since the epoch.
    """

    def __init__(self, database: Database, connection: str, now: Callable[[], float]) -> None:
        self._database = database
        self._connection = connection
        self._now = now

    def take(self, key: str, calls: int, seconds: float, *, insist: bool = False) -> float:
        """Count a call, unless there were so many within the last seconds. One short transaction.

        :param key: names one limit of the connection, without ``/``.
        :param insist: count the call in any case.
        :return: 0.0, or the seconds until a call is possible.
        """
        with self._database.write() as transaction:
            now = self._advance(transaction, key)
            wait = wait_of(self._slots(transaction, key), now, calls, seconds)
            if wait and not insist:
                return wait
            slot = f"{key}/{int(now * SLOTS / seconds) % (SLOTS + 2)}"
            transaction.execute(_COUNT, {**self._named(slot), "now": now, "window": float(seconds)})
        return 0.0

    def left(self, key: str, calls: int, seconds: float) -> int:
        """Return the number of calls that are possible now."""
        with self._database.read() as transaction:
            last = transaction.execute(_LAST, self._named(key)).scalar()
            now = self._now()
            if last is not None and now < last:
                now = last
            return max(0, calls - sum(count for at, count in self._slots(transaction, key) if at > now - seconds))

    def take_spaced(self, key: str, interval: float, burst: int, *, spare: int = 0, insist: bool = False) -> float:
        """Count a call among calls that keep a distance, of which a few may come at once. One statement.

        :param interval: seconds from one call to the next.
        :param burst: calls that may come at once after a pause.
        :param spare: calls of a burst that are left to others.
        :param insist: count the call in any case.
        :return: 0.0, or the seconds until a call is possible.
        """
        now, depth = self._now(), max(0, burst - spare - 1) * interval
        asked = {
            **self._named(key),
            "now": now,
            "interval": interval,
            "depth": NO_LIMIT if insist else depth,
            "full": burst * interval + SKEW_SECONDS,
        }
        with self._database.write() as transaction:
            row = transaction.execute(_TAKE_SPACED, asked).one()
        return 0.0 if row.granted else max(row.started_at - depth - now, 0.001)

    def _advance(self, transaction: Transaction, key: str) -> float:
        """Lock the limit and return its time, which goes back only where the clock stepped back."""
        now = self._now()
        row = transaction.execute(_ADVANCE, {**self._named(key), "now": now, "skew": SKEW_SECONDS}).one()
        if row.started_at:
            transaction.execute(_SHIFT, {**self._named(key), "slots": f"{key}/%", "step": row.started_at})
        return float(row.asked_at)

    def _slots(self, transaction: Transaction, key: str) -> Sequence[Slot]:
        rows = transaction.execute(_SLOTS, {"connection": self._connection, "slots": f"{key}/%"})
        return [(row.asked_at, row.used) for row in rows]

    def _named(self, key: str) -> dict[str, object]:
        return {"connection": self._connection, "key": key}


def wait_of(slots: Sequence[Slot], now: float, calls: int, seconds: float) -> float:
    """Return the seconds until fewer than so many calls lie within the last seconds; 0.0 where that is so now."""
    counted = sorted(slot for slot in slots if slot[0] > now - seconds)
    free = calls - sum(count for _, count in counted)
    if free > 0:
        return 0.0
    for at, count in counted:
        free += count
        if free > 0:
            return max(at + seconds - now, 0.001)
    return seconds


# A limit's own row: ``asked_at`` is its time, ``started_at`` the seconds by which the clock has just stepped back.
_ADVANCE = sa.text(
    """INSERT INTO budgets (connection, key, started_at, asked_at, used, used_before, granted)
    VALUES (:connection, :key, 0, :now, 0, 0, true)
    ON CONFLICT (connection, key) DO UPDATE SET
        started_at = CASE WHEN :now < budgets.asked_at - :skew THEN budgets.asked_at - :now ELSE 0 END,
        asked_at = CASE WHEN :now < budgets.asked_at AND :now >= budgets.asked_at - :skew
            THEN budgets.asked_at ELSE :now END
    RETURNING started_at, asked_at"""
).bindparams(sa.bindparam("now", type_=sa.Double), sa.bindparam("skew", type_=sa.Double))

_SHIFT = sa.text(
    """UPDATE budgets SET asked_at = asked_at - :step WHERE connection = :connection AND key LIKE :slots"""
).bindparams(sa.bindparam("step", type_=sa.Double))

_SLOTS = sa.select(budgets.c.asked_at, budgets.c.used).where(
    budgets.c.connection == sa.bindparam("connection"), budgets.c.key.like(sa.bindparam("slots"))
)

_COUNT = sa.text(
    """INSERT INTO budgets (connection, key, started_at, asked_at, used, used_before, granted)
    VALUES (:connection, :key, :now, :now, 1, 0, true)
    ON CONFLICT (connection, key) DO UPDATE SET
        used = 1 + CASE WHEN budgets.asked_at > :now - :window THEN budgets.used ELSE 0 END,
        asked_at = :now"""
).bindparams(sa.bindparam("now", type_=sa.Double), sa.bindparam("window", type_=sa.Double))

# ``started_at`` is until when the other side is busy. Further ahead than a full bucket, another clock wrote it.
_BUSY = """(CASE WHEN budgets.started_at < :now OR budgets.started_at > :now + :full THEN :now
    ELSE budgets.started_at END)"""
_TAKE_SPACED = sa.text(
    f"""INSERT INTO budgets (connection, key, started_at, asked_at, used, used_before, granted)
    VALUES (:connection, :key, :now + :interval, :now, 1, 0, true)
    ON CONFLICT (connection, key) DO UPDATE SET
        started_at = {_BUSY} + CASE WHEN {_BUSY} - :now <= :depth THEN :interval ELSE 0 END,
        asked_at = :now,
        granted = {_BUSY} - :now <= :depth
    RETURNING started_at, granted"""  # noqa: S608 (our own expressions)
).bindparams(*(sa.bindparam(name, type_=sa.Double) for name in ("now", "interval", "depth", "full")))
_LAST = sa.select(budgets.c.asked_at).where(
    budgets.c.connection == sa.bindparam("connection"), budgets.c.key == sa.bindparam("key")
)
