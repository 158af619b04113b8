"""A table for what the processes measure, and when each ALM account was last heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measurements",
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("verb", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "name", "verb", "label"),
    )
    # Without this, an account that is quiet today would seem to have been so since it was connected.
    op.execute(
        "INSERT INTO measurements (connection, name, verb, label, value) "
        "SELECT connection, 'last_event', 'latest', '', max(received_at) FROM events "
        "WHERE connection <> '' GROUP BY connection"
    )
