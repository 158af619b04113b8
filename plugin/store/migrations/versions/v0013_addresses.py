"""Past completions that name their learner by e-mail address alone are found by it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NAMELESS = sa.text("learner_id IS NULL")


def upgrade() -> None:
    op.create_index(
        "backfill_completions_address",
        "backfill_completions",
        ["backfill", "state", "address"],
        sqlite_where=_NAMELESS,
        postgresql_where=_NAMELESS,
    )
