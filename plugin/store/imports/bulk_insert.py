"""Fast insertion of many rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..database import StoreUnavailableError


def insert_many(
    transaction: Connection, table: sa.Table, columns: Sequence[str], some: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows with PostgreSQL's COPY, or with one prepared statement on SQLite.

    :raises StoreUnavailableError: PostgreSQL does not answer.
    """
    if not some:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if transaction.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        # The names come from our own tables.
        transaction.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(some))  # noqa: S608
        return
    import psycopg

    raw: Any = transaction.connection.driver_connection
    try:
        with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in some:
                copy.write_row(row)
    except psycopg.OperationalError as error:
        raise StoreUnavailableError(f"{type(error).__name__}: {str(error).splitlines()[0][:200]}") from None
