"""Upgrading the schema: one process at a time, while the others wait."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa

from ..runtime.settings import SettingsError
from .database import HEAD, Database, StoreBusyError, Transaction
from .migrations.run import UnknownVersionError, migrate

UPGRADE_LOCK = 0x62616467
"""PostgreSQL's advisory lock for migrations."""

UPGRADE_SECONDS = 300.0
"""Maximum seconds to wait for another process that upgrades the same embedded database."""

WAITING = "another process upgrades the database: waiting for it"

log = logging.getLogger(__name__)


def upgrade(database: Database) -> None:
    """Bring the schema to ``HEAD``; safe to run from several processes at once, which wait for each other.

    :raises SettingsError: the schema is of a version that this version does not know.
    :raises StoreUnavailableError: another process kept the database locked for ``UPGRADE_SECONDS``.
    """
    try:
        with _alone(database) as transaction:
            migrate(transaction)
    except UnknownVersionError as error:
        raise SettingsError(
            f"the database of BADGERELAY_DATABASE_URL has schema {error}, which this version does not know (its "
            f"newest is {HEAD}): run the version of badgerelay that made it, or a newer one"
        ) from error


@contextmanager
def _alone(database: Database) -> Iterator[Transaction]:
    """Begin a transaction that no other upgrade runs beside; wait, with a log line, for the one under way."""
    if not database.embedded:
        with database.write() as transaction:
            if not transaction.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(UPGRADE_LOCK))):
                log.info(WAITING)
                transaction.exec_driver_sql("SET LOCAL lock_timeout = 0")  # another's upgrade may take its time
                transaction.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADE_LOCK)))
            yield transaction
        return
    with ExitStack() as stack:
        yield _begin(database, stack)


def _begin(database: Database, stack: ExitStack) -> Transaction:
    deadline, waiting = time.monotonic() + UPGRADE_SECONDS, False
    while True:
        try:
            return stack.enter_context(database.write())
        except StoreBusyError:
            if time.monotonic() > deadline:
                raise
            if not waiting:
                log.info(WAITING)
            waiting = True
