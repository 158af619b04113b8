"""What backfills have read is looked up by learner, for rules of several learning objects."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_index("backfill_completions_learner", "backfill_completions", ["learner_id"])
