"""Numbers of 64 bits on PostgreSQL, where those of 32 would be used up: a completion takes five rows of history."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = {
    "rules": ("id",),
    "events": ("id",),
    "awards": ("id", "event_id"),
    "notifications": ("id", "award_id"),
    "history": ("id", "event_id", "award_id"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # its integers have 64 bits as they are
        return
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.BigInteger())
        # The sequence behind a serial column keeps the bounds of the type that it was made for.
        op.execute(f"ALTER SEQUENCE {table}_id_seq AS bigint")
