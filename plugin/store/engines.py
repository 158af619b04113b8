"""SQLAlchemy's engines: how they connect to SQLite and PostgreSQL, how long they wait, how transactions begin."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

BUSY_SECONDS = 2.0
"""Maximum seconds to wait for a connection, or for another process's lock.

A delivery may queue in its process behind one that waits so: together below the 5 s after which ALM gives it up.
"""

SILENT_SECONDS = 4.0
"""Seconds after which a silent PostgreSQL is given up: a delivery then is answered with 503 in time."""


def make_engine(url: URL) -> Engine:
    """Return an engine that has not connected yet.

    :raises ValueError: the URL names neither a file of SQLite nor PostgreSQL.
    :raises ImportError: the driver cannot be imported.
    """
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _sqlite_engine(url)
    if kind == "postgresql":
        return _postgresql_engine(url)
    raise ValueError("neither SQLite nor PostgreSQL")


def _postgresql_engine(url: URL) -> Engine:
    waits = {
        "connect_timeout": int(BUSY_SECONDS),
        "options": f"-c lock_timeout={int(BUSY_SECONDS * 1000)}",
        # A server that is gone without a word, as when the network parts, is not waited for.
        "tcp_user_timeout": int(SILENT_SECONDS * 1000),
        "keepalives_idle": int(SILENT_SECONDS),
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }
    return sa.create_engine(
        url,
        hide_parameters=True,  # they hold people's addresses, and errors are logged
        pool_size=10,
        max_overflow=30,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        connect_args={key: value for key, value in waits.items() if key not in url.query},
    )


def _sqlite_engine(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise ValueError("a database in memory, which no other thread or process would see")
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        max_overflow=-1,
        pool_use_lifo=True,  # the last one used: its pages are in its cache, unless another has written since
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin our transactions ourselves: _begin
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(transaction: Connection) -> None:
    # A transaction that begins as a reader and then writes may fail at once where one that begins as a writer waits.
    options = transaction.get_execution_options()
    if not options.get("badgerelay_alone"):
        transaction.exec_driver_sql("BEGIN" if options.get("badgerelay_read") else "BEGIN IMMEDIATE")
