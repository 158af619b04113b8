"""Since when the time has gone on without a gap."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("heartbeats", sa.Column("since", sa.Double, nullable=False, server_default="0"))
