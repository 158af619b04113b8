"""A ledger with a past: as many completions as wanted, each a copy of what a real one left, history included."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from badgerelay.plugin.store import Store
from badgerelay.plugin.store.schema.tables import awards, cache, events, history, metadata

AT_ONCE = 20_000
SPREAD_SECONDS = 90 * 86400.0
"""The copies are so old or younger, the oldest first, as if they had come one after the other."""

CLONES = sa.Table(
    "bench_clones",
    sa.MetaData(),
    sa.Column("n", sa.Integer, primary_key=True),  # the id of the event and of the award
    sa.Column("learner", sa.String(255)),
    sa.Column("called", sa.String(32)),  # the sender's id of the event
    sa.Column("correlation", sa.String(32)),
    sa.Column("badge", sa.String(36)),
    sa.Column("age", sa.Double),
    prefixes=["TEMPORARY"],
)
TIMES = ("at", "occurred_at", "received_at", "due_at", "issued_at", "created_at", "fetched_at")


def fill(store: Store, amount: int, *, first_learner: int, seed_learner: str) -> None:
    """Copy the first completion, which is done, so often; each copy has a learner of its own.

    :param first_learner: the copies' learners have ids from this one on.
    :param seed_learner: whose completion it is.
    """
    now = store.now()
    for start in range(0, amount, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, amount))
        ages = [SPREAD_SECONDS * (1 - number / amount) for number in numbers]
        with store.database.write() as connection:
            CLONES.create(connection)
            connection.execute(
                sa.insert(CLONES),
                [
                    _clone(number + 2, str(first_learner + number), now - age, age)
                    for number, age in zip(numbers, ages, strict=True)
                ],
            )
            _copy(connection, seed_learner)
            CLONES.drop(connection)
    if not store.database.embedded:
        with store.database.write() as connection:  # ids were given: the next ones come after them
            for table in (events, awards):
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                connection.exec_driver_sql(f"SELECT setval({sequence}, (SELECT max(id) FROM {table.name}))")


def _clone(number: int, learner: str, at: float, age: float) -> dict[str, Any]:
    return {
        "n": number,
        "learner": learner,
        "called": secrets.token_hex(16),
        "correlation": f"{int(at * 1000):012x}{secrets.token_hex(10)}",
        "badge": secrets.token_hex(18),
        "age": age,
    }


def _copy(connection: Connection, seed_learner: str) -> None:
    clone = CLONES.c
    own: dict[str, sa.ColumnElement[Any]] = {
        "learner_id": clone.learner,
        "event_id": clone.n,
        "award_id": clone.n,
        "correlation_id": clone.correlation,
        "badge_id": clone.badge,
    }
    _insert(connection, events, own | {"id": clone.n, "event_id": clone.called}, seed_learner)
    _insert(connection, awards, own | {"id": clone.n}, seed_learner)
    _insert(connection, history, own, seed_learner, without=("id",))
    known = {"key": clone.learner, "fetched_at": cache.c.fetched_at}
    _insert(connection, cache, known, seed_learner, where=(cache.c.kind == "learner", cache.c.key == seed_learner))


def _insert(
    connection: Connection,
    table: sa.Table,
    own: Mapping[str, sa.ColumnElement[Any]],
    seed_learner: str,
    *,
    without: tuple[str, ...] = (),
    where: tuple[sa.ColumnElement[bool], ...] = (),
) -> None:
    """Copy the seed's rows of a table: what is none of the copy's own stays as it is, what quotes the learner too."""
    columns = [column for column in table.c if column.name not in without]
    if not where:
        where = (
            (table.c.id == 1,) if table is not history else (sa.or_(table.c.event_id == 1, table.c.award_id == 1),)
        )
    values: list[sa.ColumnElement[Any]] = []
    for column in columns:
        value: sa.ColumnElement[Any] = own.get(column.name, column)
        if column.name in own and column.nullable:
            value = sa.case((column.is_(None), sa.null()), else_=value)
        elif column.name not in own and column.name in TIMES:
            value = column - CLONES.c.age
        elif column.name not in own and isinstance(column.type, sa.Text):
            value = sa.func.replace(column, seed_learner, CLONES.c.learner)
        values.append(value)
    order = (CLONES.c.n,) if table is not history else (CLONES.c.n, table.c.id)
    rows = sa.select(*values).select_from(sa.join(table, CLONES, sa.true())).where(*where).order_by(*order)
    connection.execute(sa.insert(table).from_select([column.name for column in columns], rows))


def tidy(store: Store) -> None:
    """What the databases do by themselves sooner or later: statistics, no dead rows, nothing left in the log."""
    engine = sa.create_engine(store.database.url, isolation_level="AUTOCOMMIT")
    statements = (
        ("PRAGMA wal_checkpoint(TRUNCATE)", "ANALYZE")
        if store.database.embedded
        else ("VACUUM ANALYZE", "CHECKPOINT")
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def bytes_of(store: Store) -> int:
    """How large the database is, indexes included."""
    if not store.database.embedded:
        return sum(bytes_of_tables(store).values())
    with store.database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        return int(pages * (connection.exec_driver_sql("PRAGMA page_size").scalar() or 0))


def bytes_of_tables(store: Store) -> dict[str, int]:
    """How large each table of PostgreSQL is, with its indexes."""
    with store.database.read() as connection:
        return {
            table.name: int(connection.scalar(sa.select(sa.func.pg_total_relation_size(table.name))) or 0)
            for table in metadata.sorted_tables
        }


def history_of(store: Store) -> int:
    """Rows of history."""
    with store.database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(history)) or 0)
