"""Many rows into a table as fast as its database takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..database import StoreUnavailableError


def insert_many(
    connection: Connection, table: sa.Table, columns: Sequence[str], some: Sequence[tuple[Any, ...]]
) -> None:
    """In the transaction of that connection: with PostgreSQL's COPY, or one prepared statement on SQLite."""
    if not some:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        # The names are our own tables'.
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(some))  # noqa: S608
        return
    import psycopg

    raw: Any = connection.connection.driver_connection
    try:
        with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in some:
                copy.write_row(row)
    except psycopg.OperationalError as error:
        raise StoreUnavailableError(f"{type(error).__name__}: {str(error).splitlines()[0][:200]}") from None
