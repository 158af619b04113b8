"""Rules of several objects, with scores and origins; skill levels; certifications earned again each period."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    old = op.get_bind().execute(sa.text("SELECT * FROM rules ORDER BY id")).mappings().all()
    op.drop_table("rules")
    rules = op.create_table(
        "rules",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("template_id", sa.String(length=255), nullable=False),
        sa.Column("objects", sa.Text(), nullable=False),
        sa.Column("need", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("least_score", sa.Double(), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", name="rules_once"),
    )
    rule_objects = op.create_table(
        "rule_objects",
        sa.Column("rule_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("object_id", sa.String(length=255), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "object_id"),
    )
    op.create_index("rule_objects_object", "rule_objects", ["object_id"], unique=False)
    if old:
        op.bulk_insert(rules, [_rule(row) for row in old])
        op.bulk_insert(
            rule_objects,
            [
                {"rule_id": row["id"], "object_id": row["learning_object_id"], "connection": row["connection"]}
                for row in old
            ],
        )
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"SELECT setval(pg_get_serial_sequence('rules', 'id'), {old[-1]['id']:d})")
    op.create_table(
        "skill_levels",
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("skill_id", sa.String(length=255), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level_name", sa.Text(), nullable=True),
        sa.Column("badge", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=True),
        sa.Column("template_id", sa.String(length=255), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "source", "skill_id", "level"),
    )
    _give_periods()


def _rule(row: sa.RowMapping) -> dict[str, object]:
    objects = [row["learning_object_id"]]
    meaning = [row["source"], row["connection"], row["template_id"], objects, 1, True, None]
    return {
        **{key: row[key] for key in ("id", "source", "connection", "template_id", "created_at")},
        "objects": json.dumps(objects),
        "need": 1,
        "passed": True,
        "least_score": None,
        "origin": "hand",
        "digest": hashlib.sha256(json.dumps(meaning).encode()).hexdigest(),
    }


def _give_periods() -> None:
    """ALM's certifications were earned once; from now on once in each period, which has the certification's id."""
    length = "instr" if op.get_bind().dialect.name == "sqlite" else "strpos"
    completed = "(SELECT events.learning_object_id FROM events WHERE events.id = awards.event_id)"
    certification = f"substr({completed}, 1, {length}({completed} || '_', '_') - 1)"  # of certification:1_2
    op.execute(
        f"UPDATE awards SET period = {certification} WHERE source LIKE 'alm:%' "  # noqa: S608 (names of ours)
        f"AND {completed} LIKE 'certification:%' AND length({certification}) <= 64"
    )
