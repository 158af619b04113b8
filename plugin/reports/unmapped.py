"""Completions that earned nothing because nothing is tied to what was completed, by learning object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote

import sqlalchemy as sa

from ..store import Store
from ..store.schema.tables import EVENT_UNMAPPED, events

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Unmapped:
    """:param source: the ALM connection or the LMS host.
    :param learning_object_id: of the instance, where the events have one.
    :param last_seen_at: when the last of them arrived, seconds since the epoch.
    """

    source: str
    learning_object_id: str
    completions: int
    learners: int
    last_seen_at: float
    hint: str


def unmapped(store: Store, since: float | None = None) -> Iterator[Unmapped]:
    """What most learners have completed comes first. :param since: only what arrived since (seconds)."""
    learners = sa.func.count(events.c.learner_id.distinct()).label("learners")
    query = (
        sa.select(
            events.c.connection,
            events.c.source,
            events.c.learning_object_id,
            sa.func.count().label("completions"),
            learners,
            sa.func.max(events.c.received_at).label("last_seen_at"),
        )
        .where(EVENT_UNMAPPED)
        .group_by(events.c.connection, events.c.source, events.c.learning_object_id)
        .order_by(learners.desc(), events.c.connection, events.c.source, events.c.learning_object_id)
    )
    if since is not None:
        query = query.where(events.c.received_at >= since)
    with store.database.read() as transaction:
        for row in transaction.execution_options(yield_per=AT_ONCE).execute(query):
            source = row.connection or row.source
            learning_object = row.learning_object_id or ""
            yield Unmapped(
                source,
                learning_object,
                row.completions,
                row.learners,
                row.last_seen_at,
                _hint(source, learning_object, of_alm=bool(row.connection)),
            )


def _hint(source: str, learning_object: str, *, of_alm: bool) -> str:
    rule = (
        f"badgerelay rules add --source {quote(source)} --learning-object {quote(learning_object)} "
        "--template TEMPLATE --connection CONNECTION"
    )
    return f"attach a badge of the provider to it in ALM, or {rule}" if of_alm else rule
