"""Learning objects that were completed and to which nothing is tied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from ..database import Database, values_of
from ..schema.tables import EVENT_UNMAPPED, events

AT_ONCE = 500
"""Rows to read at once."""


@dataclass(frozen=True, slots=True)
class UnmappedObject:
    """A learning object to which nothing is tied.

    :param connection: the source connection; empty for an LMS host.
    :param learning_object_id: of the instance, where the events have one.
    :param last_seen_at: when the last completion arrived, seconds since the epoch.
    """

    connection: str
    source: str
    learning_object_id: str
    completions: int
    learners: int
    last_seen_at: float


def unmapped_objects(database: Database, since: float | None = None) -> Iterator[UnmappedObject]:
    """Yield the learning objects; those that most learners have completed come first.

    :param since: count only completions that arrived since, seconds since the epoch.
    """
    learners = sa.func.count(events.c.learner_id.distinct()).label("learners")
    query = (
        sa.select(
            events.c.connection,
            events.c.source,
            sa.func.coalesce(events.c.learning_object_id, ""),
            sa.func.count(),
            learners,
            sa.func.max(events.c.received_at),
        )
        .where(EVENT_UNMAPPED)
        .group_by(events.c.connection, events.c.source, events.c.learning_object_id)
        .order_by(learners.desc(), events.c.connection, events.c.source, events.c.learning_object_id)
    )
    if since is not None:
        query = query.where(events.c.received_at >= since)
    with database.read() as transaction:
        for row in transaction.execution_options(yield_per=AT_ONCE).execute(query):
            yield from values_of(UnmappedObject, [row])
