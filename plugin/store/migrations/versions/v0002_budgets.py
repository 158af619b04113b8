"""Rates, the blast radius, what an award is held for, stopped connections, the clock."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("used_before", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "key"),
    )
    op.create_table(
        "award_hours",
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("awards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "hour"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("connections", sa.Column("stopped", sa.String(length=64), nullable=True))
    op.add_column("awards", sa.Column("held_for", sa.String(length=16), nullable=True))
    # Until now a pause was the only reason.
    op.execute("UPDATE awards SET held_for = 'pause' WHERE state = 'held'")
    op.create_index(
        "awards_held",
        "awards",
        ["connection", "held_for"],
        unique=False,
        sqlite_where=sa.text("held_for IS NOT NULL"),
        postgresql_where=sa.text("held_for IS NOT NULL"),
    )
