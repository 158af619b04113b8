"""Tables of backfills."""

from sqlalchemy import Boolean, Column, Double, Index, String, Table, Text, UniqueConstraint

from .base import Number, metadata

backfills = Table(
    "backfills",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),  # empty for an LMS host's
    Column("source", String(300), nullable=False),
    Column("origin", Text, nullable=False),  # where the completions come from, in words
    Column("state", String(16), nullable=False),
    Column("options", Text, nullable=False),  # JSON: the options of the command
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
