"""What a learner has completed so far: every event of it that is kept, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from .database import Database
from .tables import events

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


class Completions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, connection: str, source: str, learner_id: str, kinds: Iterable[str]) -> list[Row[Any]]:
        """The learner's events of these kinds, oldest first.

        :param connection: the source connection; empty for an LMS host's own.
        """
        wanted = {"connection": connection, "source": source, "learner": learner_id, "kinds": list(kinds)}
        with self._database.read() as transaction:
            return list(transaction.execute(_OF, wanted))
