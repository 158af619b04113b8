"""The clock that all processes share. It detects a step back and moves all due times back too; it notices gaps.

Retries, leases and cooldowns are stored as times. After a step back of an hour each would last an hour too long. The
database keeps the latest time that any process has seen, so the first process to check notices the step, once, even
after a restart.
"""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa

from .database import Database
from .leases import LEASE_SECONDS, RENEW_SECONDS
from .schema.tables import (
    AWARD_OPEN,
    EVENT_OPEN,
    awards,
    connections,
    events,
    heartbeats,
    history,
    locks,
    notifications,
    schedule,
    storage,
)

BEAT_SECONDS = 3.0
"""Seconds between two stored times. A process that starts after a step back reads the last one."""

TOLERANCE_SECONDS = 60.0
"""Maximum seconds of a step back that is not corrected: the clocks of several machines differ as well."""

PATIENCE_SECONDS = 3 * BEAT_SECONDS
"""Seconds without a later time from another process, after which a step back counts for all machines."""

GAP_SECONDS = LEASE_SECONDS - RENEW_SECONDS
"""Maximum seconds between two beats within which living owners renew their leases. A longer gap (all processes were
stopped, the clock was set forward, the database was away) may have kept them from it."""

GRACE_SECONDS = 1.5 * RENEW_SECONDS
"""Seconds after a gap until every living owner has renewed its leases."""

SPARED_SECONDS = 2 * LEASE_SECONDS
"""Seconds within which due times are not corrected: one may be a lease taken since the step, for a call under way."""

log = logging.getLogger(__name__)


class Heartbeat:
    """The latest time that any process has stored, and its corrections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ahead: tuple[float, float] | None = None  # a later time of another process, and when we first saw it

    def last(self) -> float:
        """Return the latest time that any process has stored, in seconds since the epoch; 0.0 if there is none."""
        (row,) = self._database.rows(_LAST_AND_NEWEST, {})
        return max(row.last or 0.0, row.newest or 0.0)

    def beat(self, now: float) -> float:
        """Store the time and correct due times after a step back. Return the seconds of the step, or 0.0.

        :param now: seconds since the epoch.
        """
        last = next((row.at for row in self._database.rows(_LAST, {})), None)
        if last is not None and last - TOLERANCE_SECONDS <= now < last + BEAT_SECONDS:
            return 0.0
        with self._database.write() as transaction:
            first = self._database.insert(heartbeats).values(id=1, at=now, since=now)
            transaction.execute(first.on_conflict_do_nothing(index_elements=["id"]))
            last = transaction.scalar(_LAST.with_for_update()) or now
            step = last - now
            if 0.0 <= step <= TOLERANCE_SECONDS or (step > 0.0 and not self._believes(last)):
                return 0.0
            steady = {} if -GAP_SECONDS <= step < 0.0 else {"since": now}
            transaction.execute(sa.update(heartbeats).values(at=now, **steady))
            self._ahead = None
            if step < 0.0:
                return 0.0
            for column, open_ in _TIMES:
                transaction.execute(
                    sa.update(column.table)
                    .where(*open_, column > now + SPARED_SECONDS)
                    .values({column.name: column - step})
                )
        return float(step)

    def _believes(self, last: float) -> bool:
        """Return whether the clock stepped back on all machines: one that did not would still store later times."""
        if self._ahead is None or self._ahead[0] != last:
            if self._ahead is not None:
                log.error("this machine's clock is far behind that of others, so that it finds no work: set it right")
            self._ahead = (last, time.monotonic())
        return time.monotonic() - self._ahead[1] >= PATIENCE_SECONDS


_LAST = sa.select(heartbeats.c.at).where(heartbeats.c.id == 1)
UNSTEADY = sa.exists(
    sa.select(1).where(
        sa.or_(
            heartbeats.c.at < sa.bindparam("now", type_=sa.Double) - GAP_SECONDS,
            heartbeats.c.since > sa.bindparam("now", type_=sa.Double) - GRACE_SECONDS,
        )
    )
)
"""Condition: leases may have run out at ``now`` though their owners are alive."""

_NEWEST = sa.select(history.c.at).order_by(history.c.id.desc()).limit(1)
_LAST_AND_NEWEST = sa.select(_LAST.scalar_subquery().label("last"), _NEWEST.scalar_subquery().label("newest"))
_TIMES = (
    (connections.c.retry_at, ()),
    (events.c.due_at, (EVENT_OPEN,)),
    (awards.c.due_at, (AWARD_OPEN,)),
    (notifications.c.due_at, ()),
    (schedule.c.due_at, ()),
    (locks.c.expires_at, ()),
    (storage.c.expires_at, ()),
)
