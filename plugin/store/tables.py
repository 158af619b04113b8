"""The tables. Times are seconds since the epoch (UTC); every table carries the connection, so tenants never mix.

A lease is a ``due_at`` in the future together with a ``lease_owner``: when the owner dies, the row is due again.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

EVENT_STATES = ("received", "waiting", "done", "ignored", "dead")
AWARD_STATES = (
    *("planned", "sending", "issued", "waiting", "held", "rejected", "dead"),
    *("accepted", "declined", "revoked", "replaced", "expired"),
)

# Of a row. A completion takes five rows of history, so that 32 bits would be used up. SQLite's integers have 64 as
# they are, and it numbers rows by itself only where the type is called INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

# Literal text, not parameters: a database uses a partial index only for a condition that it can read.
EVENT_OPEN = text("state IN ('received', 'waiting')")
AWARD_OPEN = text("state IN ('planned', 'sending', 'waiting')")


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
)

templates = Table(
    "templates",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("template_id", String(255), primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("image_url", Text),
    Column("url", Text),
    Column("allows_duplicates", Boolean, nullable=False),
    Column("synced_at", Double, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(64), nullable=False),  # a source's name, or * for any
    Column("learning_object_id", String(255), nullable=False),
    Column("connection", String(64), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("source", "learning_object_id", "connection", "template_id", name="rules_once"),
)

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
Index("events_learner", events.c.learner_id)

awards = Table(
    "awards",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("source", String(300), nullable=False),
    Column("learner_id", String(255), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("period", String(64), nullable=False),
    Column("event_id", Number, nullable=False),
    Column("correlation_id", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("recipient", Text, nullable=False),  # JSON: e-mail, names, locale
    Column("issued_at", Double, nullable=False),
    Column("badge_id", String(255)),
    Column("badge_url", Text),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("surprises", Integer, nullable=False, default=0),  # exceptions that no adapter may raise
    Column("in_doubt", Boolean, nullable=False, default=False),  # look at the provider before sending
    Column("held_for", String(16)),  # why it is held: pause | limit | age
    UniqueConstraint("connection", "source", "learner_id", "template_id", "period", name="awards_once"),
)
Index(
    "awards_due",
    awards.c.connection,
    awards.c.due_at,
    sqlite_where=AWARD_OPEN,
    postgresql_where=AWARD_OPEN,
)
Index(
    "awards_leased",
    awards.c.lease_owner,
    sqlite_where=awards.c.lease_owner.is_not(None),
    postgresql_where=awards.c.lease_owner.is_not(None),
)
Index(
    "awards_held",
    awards.c.connection,
    awards.c.held_for,
    sqlite_where=awards.c.held_for.is_not(None),
    postgresql_where=awards.c.held_for.is_not(None),
)
Index("awards_event", awards.c.event_id)
Index("awards_learner", awards.c.learner_id)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("source", String(300), nullable=False),
    Column("award_id", Number, nullable=False),
    Column("hook", String(32), nullable=False),
    Column("reason", Text),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
)
Index("notifications_due", notifications.c.source, notifications.c.due_at)

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

imports = Table(
    "imports",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),  # until then, none of its rows counts
    sqlite_autoincrement=True,  # a number that was used may still have rows
)
Index("imports_of", imports.c.source, imports.c.kind)

imported_rows = Table(
    "imported_rows",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(800), primary_key=True),  # its ids; of rows about people a fingerprint
    Column("import_id", Number, primary_key=True),
    Column("digest", BigInteger, nullable=False),  # of all that it says
    Column("object_id", String(600)),  # a learning object or skill level, as events carry it
    Column("instance_id", String(600)),
    Column("badge_id", String(255)),  # the key of a row of badge.csv
    Column("connection", String(64)),  # that the badge is issued from, with template_id
    Column("template_id", String(255)),
    Column("number", Double),  # the credits of a skill level
    sqlite_with_rowid=False,
)
Index(
    "imported_objects",
    imported_rows.c.object_id,
    sqlite_where=imported_rows.c.object_id.is_not(None),
    postgresql_where=imported_rows.c.object_id.is_not(None),
)
Index(
    "imported_instances",
    imported_rows.c.instance_id,
    sqlite_where=imported_rows.c.instance_id.is_not(None),
    postgresql_where=imported_rows.c.instance_id.is_not(None),
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
