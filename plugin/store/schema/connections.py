"""Tables of the connections and of what is kept for each: secrets, records, caches, limits, the schedule."""

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text, UniqueConstraint

from .base import Number, metadata

connections = Table(
    "connections",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),  # provider | source
    Column("type", String(64), nullable=False),  # the adapter's name, or the kind of source
    Column("account", String(255), nullable=False),
    Column("settings", Text, nullable=False),
    Column("secrets", Text, nullable=False),  # encrypted JSON
    Column("paused", Boolean, nullable=False, default=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("retry_at", Double, nullable=False, default=0.0),
    Column("trouble", Text),
    Column("stopped", String(64)),  # the setting that the other end does not accept
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

storage = Table(
    "connection_storage",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),  # encrypted
    Column("expires_at", Double),
)

records = Table(  # of an adapter's own; not forgotten with the connection: it may be all that there is of badges
    "connection_records",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("adapter", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("group", String(255), nullable=False),
    Column("value", Text, nullable=False),
    Column("sealed", Boolean, nullable=False),  # the value is encrypted
    Column("version", Number, nullable=False),  # of a counter what it stands at
    Index("connection_records_group", "connection", "adapter", "kind", "group", "key"),
)

locks = Table(
    "connection_locks",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("expires_at", Double, nullable=False),
)

cache = Table(
    "cache",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(600), primary_key=True),
    Column("value", Text, nullable=False),
    Column("fetched_at", Double, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("started_at", Double, nullable=False),  # of the current window
    Column("asked_at", Double, nullable=False),  # when a place was last asked for
    Column("used", Integer, nullable=False),  # places of the current window
    Column("used_before", Integer, nullable=False),  # of the window before it
    Column("granted", Boolean, nullable=False),  # whether the last one who asked got its place
)

award_hours = Table(
    "award_hours",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("hour", Integer, primary_key=True),  # since the epoch
    Column("awards", Integer, nullable=False),  # planned in that hour and not held
)

heartbeats = Table(  # the one table without a connection: there is one clock
    "heartbeats",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("since", Double, nullable=False, server_default="0"),  # from when on it has gone on without a gap
)

schedule = Table(
    "schedule",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("task", String(32), nullable=False),
    Column("every_seconds", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),  # begun since it last ended well
    Column("began_at", Double),
    Column("ended_at", Double),
    Column("outcome", String(16)),  # of the last run: done | failed | waits
    Column("said", Text),  # by the last run
    Column("done_at", Double),  # when it last ended well
    UniqueConstraint("connection", "task", name="schedule_once"),
)

measurements = Table(
    "measurements",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("verb", String(16), primary_key=True),  # of the adapter, or "latest": see measurements.py
    Column("label", String(32), primary_key=True),
    Column("value", Double, nullable=False),
)
