"""Tables of badge templates, rules and skills."""

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text, UniqueConstraint

from .base import Number, metadata

templates = Table(
    "templates",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("template_id", String(255), primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("image_url", Text),
    Column("url", Text),
    Column("allows_duplicates", Boolean, nullable=False),
    Column("synced_at", Double, nullable=False),
)

template_changes = Table(
    "template_changes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("at", Double, nullable=False),
    Column("change", String(16), nullable=False),
    Column("name", Text, nullable=False),  # after the change
    Column("before", Text),
    Column("after", Text),
)
Index("template_changes_template", template_changes.c.connection, template_changes.c.template_id)

rules = Table(
    "rules",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(64), nullable=False),  # a source's name, or * for any
    Column("connection", String(64), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("objects", Text, nullable=False),  # JSON: the ids that it names, sorted
    Column("need", Integer, nullable=False),  # how many of them
    Column("passed", Boolean, nullable=False),
    Column("least_score", Double),
    Column("origin", String(16), nullable=False),  # hand | skill | import
    Column("digest", String(64), nullable=False),  # of all that it says: two alike are one
    Column("created_at", Double, nullable=False),
    UniqueConstraint("digest", name="rules_once"),
)

rule_objects = Table(  # the same ids once more, to be found by
    "rule_objects",
    metadata,
    Column("rule_id", Number, primary_key=True, autoincrement=False),
    Column("object_id", String(255), primary_key=True),
    Column("connection", String(64), nullable=False),
)
Index("rule_objects_object", rule_objects.c.object_id)

skill_levels = Table(
    "skill_levels",
    metadata,
    Column("connection", String(64), primary_key=True),  # empty for an LMS host's own
    Column("source", String(64), primary_key=True),  # as rules name it
    Column("skill_id", String(255), primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),  # 0: the skill has none
    Column("name", Text, nullable=False),
    Column("level_name", Text),
    Column("badge", String(255)),  # the source's reference
    Column("state", String(16), nullable=False),  # wired | suggested | unknown
    Column("provider", String(64)),  # the provider connection of the template
    Column("template_id", String(255)),
    Column("note", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

known_skills = Table(
    "known_skills",
    metadata,
    Column("connection", String(64), primary_key=True),
    Column("account", String(255), primary_key=True),
    Column("skill_id", String(255), primary_key=True),  # empty: the account's skills have been learned
    Column("seen_at", Double, nullable=False),
)
