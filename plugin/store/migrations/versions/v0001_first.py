"""The first schema: connections, catalogue, inbox and ledger here, the other tables in ``first_tables``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from .first_tables import NUMBER, create_tables, index

revision = "0001"


def upgrade(op: Operations) -> None:
    """Create all tables."""
    op.create_table(
        "connections",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("secrets", sa.Text, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.Double, nullable=False),
        sa.Column("trouble", sa.Text),
        sa.Column("stopped", sa.String(64)),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "connection_storage",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double),
    )
    op.create_table(
        "connection_records",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("adapter", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("group", sa.String(255), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("sealed", sa.Boolean, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
    )
    index(op, "connection_records_group", "connection_records", ["connection", "adapter", "kind", "group", "key"])
    op.create_table(
        "connection_locks",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_table(
        "cache",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(600), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("fetched_at", sa.Double, nullable=False),
    )
    op.create_table(
        "budgets",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("used_before", sa.Integer, nullable=False),
        sa.Column("granted", sa.Boolean, nullable=False),
    )
    op.create_table(
        "award_hours",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("awards", sa.Integer, nullable=False),
    )
    op.create_table(
        "heartbeats",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("since", sa.Double, nullable=False, server_default="0"),
    )
    op.create_table(
        "templates",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("template_id", sa.String(255), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("image_url", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("allows_duplicates", sa.Boolean, nullable=False),
        sa.Column("synced_at", sa.Double, nullable=False),
    )
    op.create_table(
        "template_changes",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("template_id", sa.String(255), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
    )
    index(op, "template_changes_template", "template_changes", ["connection", "template_id"])
    op.create_table(
        "rules",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("template_id", sa.String(255), nullable=False),
        sa.Column("objects", sa.Text, nullable=False),
        sa.Column("need", sa.Integer, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("least_score", sa.Double),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.UniqueConstraint("digest", name="rules_once"),
    )
    op.create_table(
        "rule_objects",
        sa.Column("rule_id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("object_id", sa.String(255), primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
    )
    index(op, "rule_objects_object", "rule_objects", ["object_id"])
    op.create_table(
        "skill_levels",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("skill_id", sa.String(255), primary_key=True),
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level_name", sa.Text),
        sa.Column("badge", sa.String(255)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(64)),
        sa.Column("template_id", sa.String(255)),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("lane", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(255), nullable=False),
        sa.Column("learner_id", sa.String(255)),
        sa.Column("learning_object_id", sa.String(255)),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("correlation_id", sa.String(32), nullable=False),
        sa.Column("occurred_at", sa.Double),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("unmapped", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("backfill", NUMBER),
        sa.UniqueConstraint("connection", "source", "event_id", name="events_once"),
    )
    index(op, "events_correlation", "events", ["correlation_id"])
    index(op, "events_due", "events", ["lane", "due_at"], "state IN ('received', 'waiting')")
    index(op, "events_ended", "events", ["connection", "source", "state"], "state IN ('ignored', 'dead')")
    index(op, "events_learner", "events", ["learner_id"])
    index(op, "events_leased", "events", ["lease_owner"], "lease_owner IS NOT NULL")
    index(
        op,
        "events_unmapped",
        "events",
        ["connection", "source", "learning_object_id", "learner_id", "received_at", "unmapped"],
        "unmapped",
    )
    op.create_table(
        "awards",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("learner_id", sa.String(255), nullable=False),
        sa.Column("template_id", sa.String(255), nullable=False),
        sa.Column("period", sa.String(64), nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("correlation_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("badge_id", sa.String(255)),
        sa.Column("badge_url", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("surprises", sa.Integer, nullable=False),
        sa.Column("in_doubt", sa.Boolean, nullable=False),
        sa.Column("held_for", sa.String(16)),
        sa.Column("revoke_reason", sa.Text),
        sa.UniqueConstraint("connection", "source", "learner_id", "template_id", "period", name="awards_once"),
    )
    index(op, "awards_badge", "awards", ["connection", "badge_id"], "badge_id IS NOT NULL")
    index(op, "awards_due", "awards", ["connection", "due_at"], "state IN ('planned', 'sending', 'waiting')")
    ended = "state NOT IN ('planned', 'sending', 'waiting', 'issued')"
    index(op, "awards_ended", "awards", ["connection", "state"], ended)
    index(op, "awards_event", "awards", ["event_id"])
    index(op, "awards_held", "awards", ["connection", "held_for"], "held_for IS NOT NULL")
    index(op, "awards_learner", "awards", ["learner_id"])
    index(op, "awards_leased", "awards", ["lease_owner"], "lease_owner IS NOT NULL")
    op.create_table(
        "notifications",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("award_id", NUMBER, nullable=False),
        sa.Column("hook", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    index(op, "notifications_due", "notifications", ["source", "due_at"])
    op.create_table(
        "history",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("event_id", NUMBER),
        sa.Column("award_id", NUMBER),
        sa.Column("correlation_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
    )
    index(op, "history_award", "history", ["award_id"])
    index(op, "history_event", "history", ["event_id"])
    create_tables(op)
