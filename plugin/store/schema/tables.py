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
    false,
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
EVENT_UNMAPPED = text("unmapped")
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

template_changes = Table(
    "template_changes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("at", Double, nullable=False),
    Column("change", String(16), nullable=False),
    Column("name", Text, nullable=False),  # after the change
    Column("before", Text),
    Column("after", Text),
)
Index("template_changes_template", template_changes.c.connection, template_changes.c.template_id)

rules = Table(
    "rules",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(64), nullable=False),  # a source's name, or * for any
    Column("connection", String(64), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("objects", Text, nullable=False),  # JSON: the ids that it names, sorted
    Column("need", Integer, nullable=False),  # how many of them
    Column("passed", Boolean, nullable=False),
    Column("least_score", Double),
    Column("origin", String(16), nullable=False),  # hand | skill | import
    Column("digest", String(64), nullable=False),  # of all that it says: two alike are one
    Column("created_at", Double, nullable=False),
    UniqueConstraint("digest", name="rules_once"),
)

rule_objects = Table(  # the same ids once more, to be found by
    "rule_objects",
    metadata,
    Column("rule_id", Number, primary_key=True, autoincrement=False),
    Column("object_id", String(255), primary_key=True),
    Column("connection", String(64), nullable=False),
)
Index("rule_objects_object", rule_objects.c.object_id)

skill_levels = Table(
    "skill_levels",
    metadata,
    Column("connection", String(64), primary_key=True),  # empty for an LMS host's own
    Column("source", String(64), primary_key=True),  # as rules name it
    Column("skill_id", String(255), primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),  # 0: the skill has none
    Column("name", Text, nullable=False),
    Column("level_name", Text),
    Column("badge", String(255)),  # the source's reference
    Column("state", String(16), nullable=False),  # wired | suggested | unknown
    Column("provider", String(64)),  # the provider connection of the template
    Column("template_id", String(255)),
    Column("note", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
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
    Column("held_for", String(16)),  # why it is held: pause | limit | age | template | doubt
    Column("revoke_reason", Text),  # set: what is to be done is to revoke it, and for this reason
    UniqueConstraint("connection", "source", "learner_id", "template_id", "period", name="awards_once"),
)
AWARD_TO_SEND = (AWARD_OPEN, awards.c.state != "sending")
"""Of what is open, what nobody is sending; the first is the index's own condition."""

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
Index(
    "awards_badge",
    awards.c.connection,
    awards.c.badge_id,
    sqlite_where=awards.c.badge_id.is_not(None),
    postgresql_where=awards.c.badge_id.is_not(None),
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

known_skills = Table(
    "known_skills",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("account", String(255), primary_key=True),
    Column("skill_id", String(255), primary_key=True),  # empty: the account's skills have been learned
    Column("seen_at", Double, nullable=False),
)

migration_runs = Table(
    "migration_runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("project_id", String(64), nullable=False),
    Column("sprint_id", String(64), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # followed | finished | stopped
    Column("jobs", Text, nullable=False),  # JSON, as ALM last told
    Column("said", Text),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),  # when ALM last told something new
    Column("asked_at", Double),
    UniqueConstraint("connection", "project_id", "sprint_id", "run_id", name="migration_runs_once"),
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

backfills = Table(
    "backfills",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),  # empty for an LMS host's
    Column("source", String(300), nullable=False),
    Column("origin", Text, nullable=False),  # where the completions come from, in words
    Column("state", String(16), nullable=False),
    Column("wish", Text, nullable=False),  # JSON: what was asked for
    Column("left_out", Text, nullable=False),  # JSON: why lines are not looked at, with how many
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

backfill_completions = Table(
    "backfill_completions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("backfill", Number, nullable=False),
    Column("connection", String(64), nullable=False),
    Column("key", String(32), nullable=False),  # a digest: lines of one key are one completion
    Column("line", Number, nullable=False),
    Column("lines", Number, nullable=False, default=1),
    Column("learner_id", String(255)),  # None until it is known
    Column("address", String(32)),  # a digest of the e-mail address
    Column("email", Text),  # it and the name of an LMS host's learners alone: its events carry them
    Column("name", Text),
    Column("lo_type", String(16), nullable=False),
    Column("lo_id", String(255), nullable=False),
    Column("instance_id", String(255)),
    Column("occurred_at", Double),
    Column("completed", Boolean, nullable=False),
    Column("passed", Boolean),
    Column("score", Double),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    UniqueConstraint("backfill", "key", name="backfill_completions_once"),
)
Index(
    "backfill_completions_state",
    backfill_completions.c.backfill,
    backfill_completions.c.state,
    backfill_completions.c.id,
)
Index("backfill_completions_learner", backfill_completions.c.learner_id)
Index(
    "backfill_completions_address",
    backfill_completions.c.backfill,
    backfill_completions.c.state,
    backfill_completions.c.address,
    sqlite_where=backfill_completions.c.learner_id.is_(None),
    postgresql_where=backfill_completions.c.learner_id.is_(None),
)

backfill_badges = Table(
    "backfill_badges",
    metadata,
    Column("id", Number, primary_key=True),
    Column("backfill", Number, nullable=False),
    Column("connection", String(64), nullable=False),
    Column("completion", Number, nullable=False),
    Column("learner_id", String(255), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("period", String(64), nullable=False),
    Column("address", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("award_id", Number),
    UniqueConstraint("backfill", "connection", "template_id", "learner_id", "period", name="backfill_badges_once"),
)
Index("backfill_badges_completion", backfill_badges.c.completion)
Index("backfill_badges_learner", backfill_badges.c.backfill, backfill_badges.c.learner_id)
Index(
    "backfill_badges_address",
    backfill_badges.c.backfill,
    backfill_badges.c.connection,
    backfill_badges.c.template_id,
    backfill_badges.c.address,
)
Index("backfill_badges_state", backfill_badges.c.backfill, backfill_badges.c.state, backfill_badges.c.id)
