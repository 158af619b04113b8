from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from badgerelay.plugin.runtime.settings import Settings, SettingsError
from badgerelay.plugin.store import open_store
from badgerelay.plugin.store import upgrade as upgrade_module
from badgerelay.plugin.store.database import HEAD, Database
from badgerelay.plugin.store.schema.tables import metadata

UPGRADE = "import sys; from badgerelay.plugin.store.database import Database; Database(sys.argv[1]).upgrade()"


def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    database = Database(database_url)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def made_by_the_tables(url: str) -> Engine:
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    return engine


def test_on_sqlite_the_migrated_schema_is_that_of_the_tables(upgraded_sqlite: Path, tmp_path: Path) -> None:
    made = made_by_the_tables(f"sqlite:///{tmp_path / 'made.db'}")
    assert described(sa.create_engine(f"sqlite:///{upgraded_sqlite}")) == described(made)


@pytest.mark.services
def test_on_postgresql_the_migrated_schema_is_that_of_the_tables(postgresql: Callable[[bool], str]) -> None:
    made = made_by_the_tables(postgresql(False))
    assert described(sa.create_engine(postgresql(True))) == described(made)


def described(engine: Engine) -> dict[str, dict[str, Any]]:
    """Return columns, keys, constraints and indexes of all tables but Alembic's, as the database has them."""
    if engine.dialect.name == "sqlite":
        options = "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main'"
    else:
        options = "SELECT sequencename, data_type FROM pg_sequences"
    indexes = (
        "SELECT sql FROM sqlite_master" if engine.dialect.name == "sqlite" else "SELECT indexdef FROM pg_indexes"
    )
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        tables = {
            name: {
                "columns": [{**column, "type": repr(column["type"])} for column in inspector.get_columns(name)],
                "key": inspector.get_pk_constraint(name)["constrained_columns"],
                "unique": inspector.get_unique_constraints(name),
            }
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }
        others = [tuple(row) for row in connection.exec_driver_sql(options)]
        made = [str(text) for (text,) in connection.exec_driver_sql(indexes) if "INDEX" in str(text)]
    engine.dispose()
    return {
        **tables,
        "options": {"of tables": sorted(row for row in others if row[0] != "alembic_version")},
        "indexes": {"all": sorted(text for text in made if "alembic_version" not in text)},
    }


def upgraded_by_several(url: str) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, url], stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert ends == [("", 0)] * 4
    database = Database(url)
    assert database.version() == HEAD
    database.close()


def test_several_processes_upgrade_one_empty_sqlite_at_once(tmp_path: Path) -> None:
    for turn in range(2):
        upgraded_by_several(f"sqlite:///{tmp_path / str(turn)}.db")


@pytest.mark.services
def test_several_processes_upgrade_one_empty_postgresql_at_once(postgresql: Callable[[bool], str]) -> None:
    upgraded_by_several(postgresql(False))


@pytest.mark.services
def test_postgresql_is_not_upgraded_unasked(postgresql: Callable[[bool], str], tmp_path: Path) -> None:
    settings = Settings(tmp_path, postgresql(False))
    with pytest.raises(SettingsError, match="badgerelay db upgrade"):
        open_store(settings)


def test_an_upgrade_waits_for_the_one_under_way_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("badgerelay.plugin.store.engines.BUSY_SECONDS", 0.1)
    settings = Settings(tmp_path, f"sqlite:///{tmp_path / 'badgerelay.db'}")
    other = sqlite3.connect(tmp_path / "badgerelay.db", check_same_thread=False, isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.0, other.rollback)
    timer.start()
    with caplog.at_level(logging.INFO):
        open_store(settings).close()
    timer.join()
    other.close()
    assert [record.getMessage() for record in caplog.records] == [upgrade_module.WAITING]


def test_a_driver_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"psycopg.*install badgerelay\[postgresql\]"):
        Database("postgresql+psycopg://someone@localhost/none")


def test_a_newer_schema_than_ours_is_left_alone(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="schema"):
        open_store(Settings(tmp_path / "home", database_url))
    assert database.version() == "9999"
    database.close()
