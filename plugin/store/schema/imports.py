"""Tables of imported CSV rows and of migration runs."""

from sqlalchemy import BigInteger, Column, Double, Index, String, Table, Text, UniqueConstraint

from .base import Number, metadata

imports = Table(
    "imports",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),  # until then, none of its rows counts
    sqlite_autoincrement=True,  # a number that was used may still have rows
)
Index("imports_of", imports.c.source, imports.c.kind)

imported_rows = Table(
    "imported_rows",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(800), primary_key=True),  # its ids; of rows about people a fingerprint
    Column("import_id", Number, primary_key=True),
    Column("digest", BigInteger, nullable=False),  # of all that it says
    Column("object_id", String(600)),  # a learning object or skill level, as events carry it
    Column("instance_id", String(600)),
    Column("badge_id", String(255)),  # the key of a row of badge.csv
    Column("connection", String(64)),  # that the badge is issued from, with template_id
    Column("template_id", String(255)),
    Column("number", Double),  # the credits of a skill level
    sqlite_with_rowid=False,
)
Index(
    "imported_objects",
    imported_rows.c.object_id,
    sqlite_where=imported_rows.c.object_id.is_not(None),
    postgresql_where=imported_rows.c.object_id.is_not(None),
)
Index(
    "imported_instances",
    imported_rows.c.instance_id,
    sqlite_where=imported_rows.c.instance_id.is_not(None),
    postgresql_where=imported_rows.c.instance_id.is_not(None),
)

migration_runs = Table(
    "migration_runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("project_id", String(64), nullable=False),
    Column("sprint_id", String(64), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # followed | finished | stopped
    Column("jobs", Text, nullable=False),  # JSON, as ALM last told
    Column("said", Text),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),  # when ALM last told something new
    Column("asked_at", Double),
    UniqueConstraint("connection", "project_id", "sprint_id", "run_id", name="migration_runs_once"),
)
