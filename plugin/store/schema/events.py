"""Tables of the inbox and of the history."""

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text, UniqueConstraint, false, text

from .base import Number, metadata

EVENT_STATES = ("received", "waiting", "done", "ignored", "dead")

# Literal text, not parameters: a database uses a partial index only for a condition that it can read.
EVENT_OPEN = text("state IN ('received', 'waiting')")

EVENT_ENDED = text("state IN ('ignored', 'dead')")
"""Events that ended without being done: an index of them costs the others nothing."""

EVENT_UNMAPPED = text("unmapped")

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),  # empty for an LMS host's own events
    Column("source", String(300), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("lane", String(80), nullable=False),
    Column("kind", String(255), nullable=False),
    Column("learner_id", String(255)),
    Column("learning_object_id", String(255)),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("correlation_id", String(32), nullable=False),
    Column("occurred_at", Double),
    Column("received_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("unmapped", Boolean, nullable=False, server_default=false()),  # nothing is tied to its learning object
    Column("backfill", Number),  # of which it is a past completion; None for those of the day
    UniqueConstraint("connection", "source", "event_id", name="events_once"),
)
Index(
    "events_due",
    events.c.lane,
    events.c.due_at,
    sqlite_where=EVENT_OPEN,
    postgresql_where=EVENT_OPEN,
)
Index(
    "events_leased",
    events.c.lease_owner,
    sqlite_where=events.c.lease_owner.is_not(None),
    postgresql_where=events.c.lease_owner.is_not(None),
)
Index("events_correlation", events.c.correlation_id)

# All that `report unmapped` reads, so that it reads nothing else.
Index(
    "events_unmapped",
    events.c.connection,
    events.c.source,
    events.c.learning_object_id,
    events.c.learner_id,
    events.c.received_at,
    events.c.unmapped,
    sqlite_where=EVENT_UNMAPPED,
    postgresql_where=EVENT_UNMAPPED,
)
Index(
    "events_ended",
    events.c.connection,
    events.c.source,
    events.c.state,
    sqlite_where=EVENT_ENDED,
    postgresql_where=EVENT_ENDED,
)
Index("events_learner", events.c.learner_id)

history = Table(
    "history",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Double, nullable=False),
    Column("connection", String(64), nullable=False),
    Column("event_id", Number),
    Column("award_id", Number),
    Column("correlation_id", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("cause", Text, nullable=False),
)
Index("history_event", history.c.event_id)
Index("history_award", history.c.award_id)
