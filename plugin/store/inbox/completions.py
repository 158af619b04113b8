"""The completions of a learner so far: all events, in every state, and those that backfills have read."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ..backfill.completions import completion_from
from ..backfill.values import PastCompletion
from ..database import Database, values_of
from ..schema.tables import backfill_completions, backfills, events
from .events import InboxEvent

CONFIRMED = ("issuing", "done")
"""States of backfills whose completions count for every decision."""

_OF = (
    sa.select(events)
    .where(
        events.c.learner_id == sa.bindparam("learner"),
        events.c.connection == sa.bindparam("connection"),
        events.c.source == sa.bindparam("source"),
        events.c.kind.in_(sa.bindparam("kinds", expanding=True)),
    )
    .order_by(events.c.id)
)
_PAST = (
    sa.select(backfill_completions)
    .join(backfills, backfills.c.id == backfill_completions.c.backfill)
    .where(
        backfill_completions.c.learner_id == sa.bindparam("learner"),
        backfill_completions.c.completed,
        backfill_completions.c.occurred_at.is_not(None),
        backfills.c.connection == sa.bindparam("connection"),
        backfills.c.source == sa.bindparam("source"),
        sa.or_(backfills.c.id == sa.bindparam("backfill"), backfills.c.state.in_(CONFIRMED)),
    )
    .order_by(backfill_completions.c.id)
)


class Completions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, connection: str, source: str, learner_id: str, kinds: Iterable[str]) -> list[InboxEvent]:
        """Return the learner's events of these kinds, oldest first.

        :param connection: the source connection; empty for an LMS host's own.
        """
        wanted = {"connection": connection, "source": source, "learner": learner_id, "kinds": list(kinds)}
        with self._database.read() as transaction:
            return values_of(InboxEvent, transaction.execute(_OF, wanted))

    def past(self, connection: str, source: str, learner_id: str, backfill: int | None) -> list[PastCompletion]:
        """Return the learner's completions that backfills have read and an administrator confirmed.

        :param backfill: the backfill of the completion under decision; its completions count before they are
            confirmed. None for a completion of the day.
        """
        wanted = {"connection": connection, "source": source, "learner": learner_id, "backfill": backfill or 0}
        with self._database.read() as transaction:
            return [completion_from(row) for row in transaction.execute(_PAST, wanted)]
