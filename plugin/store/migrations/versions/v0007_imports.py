"""Rows of imported files."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("imports_of", "imports", ["source", "kind"], unique=False)
    op.create_table(
        "imported_rows",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=800), nullable=False),
        sa.Column("import_id", _NUMBER, nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("object_id", sa.String(length=600), nullable=True),
        sa.Column("instance_id", sa.String(length=600), nullable=True),
        sa.Column("badge_id", sa.String(length=255), nullable=True),
        sa.Column("connection", sa.String(length=64), nullable=True),
        sa.Column("template_id", sa.String(length=255), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("source", "kind", "key", "import_id"),
        sqlite_with_rowid=False,
    )
    for name, column in (("imported_objects", "object_id"), ("imported_instances", "instance_id")):
        op.create_index(
            name,
            "imported_rows",
            [column],
            unique=False,
            sqlite_where=sa.text(f"{column} IS NOT NULL"),
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
