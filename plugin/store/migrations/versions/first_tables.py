"""Tables of the first schema for imports, the schedule, measurements and backfills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A row's number: 64 bits everywhere. SQLite numbers rows only where the type is called INTEGER."""


def index(op: Operations, name: str, table: str, columns: list[str], where: str | None = None) -> None:
    """Create an index, of the rows that ``where`` selects if it is given."""
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def create_tables(op: Operations) -> None:
    """Create the tables of this file."""
    op.create_table(
        "imports",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("finished_at", sa.Double),
        sqlite_autoincrement=True,
    )
    index(op, "imports_of", "imports", ["source", "kind"])
    op.create_table(
        "imported_rows",
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(800), primary_key=True),
        sa.Column("import_id", NUMBER, primary_key=True),
        sa.Column("digest", sa.BigInteger, nullable=False),
        sa.Column("object_id", sa.String(600)),
        sa.Column("instance_id", sa.String(600)),
        sa.Column("badge_id", sa.String(255)),
        sa.Column("connection", sa.String(64)),
        sa.Column("template_id", sa.String(255)),
        sa.Column("number", sa.Double),
        sqlite_with_rowid=False,
    )
    index(op, "imported_instances", "imported_rows", ["instance_id"], "instance_id IS NOT NULL")
    index(op, "imported_objects", "imported_rows", ["object_id"], "object_id IS NOT NULL")
    op.create_table(
        "schedule",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("task", sa.String(32), nullable=False),
        sa.Column("every_seconds", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("began_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("outcome", sa.String(16)),
        sa.Column("said", sa.Text),
        sa.Column("done_at", sa.Double),
        sa.UniqueConstraint("connection", "task", name="schedule_once"),
    )
    op.create_table(
        "known_skills",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(255), primary_key=True),
        sa.Column("skill_id", sa.String(255), primary_key=True),
        sa.Column("seen_at", sa.Double, nullable=False),
    )
    op.create_table(
        "migration_runs",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("sprint_id", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("jobs", sa.Text, nullable=False),
        sa.Column("said", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("asked_at", sa.Double),
        sa.UniqueConstraint("connection", "project_id", "sprint_id", "run_id", name="migration_runs_once"),
    )
    op.create_table(
        "measurements",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("verb", sa.String(16), primary_key=True),
        sa.Column("label", sa.String(32), primary_key=True),
        sa.Column("value", sa.Double, nullable=False),
    )
    op.create_table(
        "backfills",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("left_out", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_table(
        "backfill_completions",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("backfill", NUMBER, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("line", NUMBER, nullable=False),
        sa.Column("lines", NUMBER, nullable=False),
        sa.Column("learner_id", sa.String(255)),
        sa.Column("address", sa.String(32)),
        sa.Column("email", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("lo_type", sa.String(16), nullable=False),
        sa.Column("lo_id", sa.String(255), nullable=False),
        sa.Column("instance_id", sa.String(255)),
        sa.Column("occurred_at", sa.Double),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("passed", sa.Boolean),
        sa.Column("score", sa.Double),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.UniqueConstraint("backfill", "key", name="backfill_completions_once"),
    )
    index(
        op,
        "backfill_completions_address",
        "backfill_completions",
        ["backfill", "state", "address"],
        "learner_id IS NULL",
    )
    index(op, "backfill_completions_learner", "backfill_completions", ["learner_id"])
    index(op, "backfill_completions_state", "backfill_completions", ["backfill", "state", "id"])
    op.create_table(
        "backfill_badges",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("backfill", NUMBER, nullable=False),
        sa.Column("connection", sa.String(64), nullable=False),
        sa.Column("completion", NUMBER, nullable=False),
        sa.Column("learner_id", sa.String(255), nullable=False),
        sa.Column("template_id", sa.String(255), nullable=False),
        sa.Column("period", sa.String(64), nullable=False),
        sa.Column("address", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("award_id", NUMBER),
        sa.UniqueConstraint(
            "backfill", "connection", "template_id", "learner_id", "period", name="backfill_badges_once"
        ),
    )
    index(op, "backfill_badges_address", "backfill_badges", ["backfill", "connection", "template_id", "address"])
    index(op, "backfill_badges_completion", "backfill_badges", ["completion"])
    index(op, "backfill_badges_learner", "backfill_badges", ["backfill", "learner_id"])
    index(op, "backfill_badges_state", "backfill_badges", ["backfill", "state", "id"])
