"""Awards that are to be revoked."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("awards", sa.Column("revoke_reason", sa.Text(), nullable=True))
