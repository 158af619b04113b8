"""Runs the migrations on a connection of ours, without any global state of Alembic.

A host may be migrating its own database with Alembic at the same moment, in this thread or in another one.
``alembic.command``, ``alembic.context`` and ``alembic.op`` are then the host's.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from .versions import v0001_first

MIGRATIONS = (v0001_first,)
"""All migrations, oldest first. Each has a ``revision`` and ``upgrade(op)``."""

VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
_ALEMBIC = logging.getLogger("alembic.runtime.migration")


class UnknownVersionError(Exception):
    """The database has a schema that no migration of ours made."""


def migrate(connection: sa.Connection) -> None:
    """Run the migrations that the database does not have yet; the caller commits.

    :raises UnknownVersionError: the database has a version that is not ours.
    """
    VERSION.create(connection, checkfirst=True)
    current = connection.scalar(sa.select(VERSION.c.version_num))
    revisions = [migration.revision for migration in MIGRATIONS]
    if current is not None and current not in revisions:
        raise UnknownVersionError(current)
    missing = MIGRATIONS[0 if current is None else revisions.index(current) + 1 :]
    if not missing:
        return
    with _without_log_lines():
        operations = Operations(MigrationContext.configure(connection))
    for migration in missing:
        migration.upgrade(operations)
    connection.execute(sa.delete(VERSION))
    connection.execute(sa.insert(VERSION).values(version_num=revisions[-1]))


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """Keep what Alembic logs about its set-up in this thread out of the host's log."""
    thread = threading.get_ident()

    def from_another_thread(record: logging.LogRecord) -> bool:
        return record.thread != thread

    _ALEMBIC.addFilter(from_another_thread)
    try:
        yield
    finally:
        _ALEMBIC.removeFilter(from_another_thread)
