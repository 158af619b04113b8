"""Learners of waiting events for whom the cache has no answer."""

from __future__ import annotations

import sqlalchemy as sa

from ..database import Database
from ..schema.tables import EVENT_OPEN, cache, events

AHEAD = 2_000
"""Maximum number of events to examine, those due first: enough to fill a call, and quick in a long queue."""

AT_ONCE = 2_000
"""Maximum rows that one statement changes."""

_OPEN: list[sa.ColumnElement[bool] | sa.TextClause] = [
    events.c.lane == sa.bindparam("of_lane"),
    EVENT_OPEN,
    events.c.learner_id.is_not(None),
]
_ahead = sa.select(events.c.learner_id).where(*_OPEN).order_by(events.c.due_at).limit(AHEAD).subquery()
_known = sa.exists().where(
    cache.c.connection == sa.bindparam("of_lane"),
    cache.c.kind == sa.bindparam("kind"),
    cache.c.key == _ahead.c.learner_id,
    cache.c.fetched_at > sa.bindparam("newer_than"),
)
_UNKNOWN = sa.select(_ahead.c.learner_id).where(~_known).distinct().limit(sa.bindparam("most", type_=sa.Integer))
_ALL = sa.select(events.c.learner_id).where(*_OPEN).distinct().limit(sa.bindparam("most", type_=sa.Integer))
_some = (
    sa.select(events.c.id)
    .where(
        events.c.lane == sa.bindparam("of_lane"),
        events.c.state == "waiting",
        events.c.reason == sa.bindparam("why"),
        events.c.due_at > sa.bindparam("now"),
        events.c.lease_owner.is_(None),
    )
    .limit(AT_ONCE)
    .with_for_update(skip_locked=True)
)
_MAKE_DUE = sa.update(events).where(events.c.id.in_(_some)).values(due_at=sa.bindparam("now", type_=sa.Double))


class UnknownLearners:
    """The unknown learners of one lane, which has the name of the connection whose answers are cached.

    :param kind: of the cached answers about learners.
    """

    def __init__(self, database: Database, lane: str, kind: str) -> None:
        self._database = database
        self._lane = lane
        self._kind = kind

    def ahead(self, most: int, *, newer_than: float) -> list[str]:
        """Return at most so many unknown learners of the events that are due first.

        :param newer_than: older answers do not count; seconds since the epoch.
        """
        asked = {"of_lane": self._lane, "kind": self._kind, "newer_than": newer_than, "most": most}
        with self._database.read() as transaction:
            return list(transaction.scalars(_UNKNOWN, asked))

    def all(self, most: int) -> set[str]:
        """Return the learners of all waiting events, known or not; at most so many."""
        with self._database.read() as transaction:
            return set(transaction.scalars(_ALL, {"of_lane": self._lane, "most": most}))

    def make_due(self, why: str, now: float) -> int:
        """Make the events due that wait for this reason; return how many there were."""
        done = 0
        while True:
            with self._database.write() as transaction:
                some = transaction.execute(_MAKE_DUE, {"of_lane": self._lane, "why": why, "now": now}).rowcount
            done += some
            if some < AT_ONCE:
                return done
