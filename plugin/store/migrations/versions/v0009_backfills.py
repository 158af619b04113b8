"""Backfills; completions that nothing is tied to are marked."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_UNMAPPED = sa.text("unmapped")
# What events of earlier versions say that nothing is tied to.
_REASONS = (
    "no rule gives a badge for %",
    "no badge hangs on it in ALM, and no rule gives one",
    "its badge % in ALM names no badge template of a provider, and no rule gives one",
)


def upgrade() -> None:
    op.add_column("events", sa.Column("unmapped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("events", sa.Column("backfill", _NUMBER, nullable=True))
    events = sa.table("events", sa.column("state"), sa.column("reason"), sa.column("unmapped"))
    op.execute(
        sa.update(events)
        .where(events.c.state == "ignored", sa.or_(*(events.c.reason.like(reason) for reason in _REASONS)))
        .values(unmapped=sa.true())
    )
    op.create_index(
        "events_unmapped",
        "events",
        ["connection", "source", "learning_object_id", "learner_id", "received_at", "unmapped"],
        sqlite_where=_UNMAPPED,
        postgresql_where=_UNMAPPED,
    )
    op.create_index(
        "awards_badge",
        "awards",
        ["connection", "badge_id"],
        sqlite_where=sa.text("badge_id IS NOT NULL"),
        postgresql_where=sa.text("badge_id IS NOT NULL"),
    )
    op.create_table(
        "backfills",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "backfill_completions",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("backfill", _NUMBER, nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("line", _NUMBER, nullable=False),
        sa.Column("lines", _NUMBER, nullable=False),
        sa.Column("learner_id", sa.String(length=255), nullable=True),
        sa.Column("address", sa.String(length=32), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("lo_type", sa.String(length=16), nullable=False),
        sa.Column("lo_id", sa.String(length=255), nullable=False),
        sa.Column("instance_id", sa.String(length=255), nullable=True),
        sa.Column("occurred_at", sa.Double(), nullable=True),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("backfill", "key", name="backfill_completions_once"),
    )
    op.create_index("backfill_completions_state", "backfill_completions", ["backfill", "state", "id"])
    op.create_table(
        "backfill_badges",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("backfill", _NUMBER, nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("completion", _NUMBER, nullable=False),
        sa.Column("learner_id", sa.String(length=255), nullable=False),
        sa.Column("template_id", sa.String(length=255), nullable=False),
        sa.Column("period", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("award_id", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "backfill", "connection", "template_id", "learner_id", "period", name="backfill_badges_once"
        ),
    )
    op.create_index("backfill_badges_completion", "backfill_badges", ["completion"])
    op.create_index("backfill_badges_learner", "backfill_badges", ["backfill", "learner_id"])
    op.create_index(
        "backfill_badges_address", "backfill_badges", ["backfill", "connection", "template_id", "address"]
    )
    op.create_index("backfill_badges_state", "backfill_badges", ["backfill", "state", "id"])
