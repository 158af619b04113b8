from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from badgerelay.plugin.runtime.settings import Settings, SettingsError
from badgerelay.plugin.store import database as database_module
from badgerelay.plugin.store import open_store
from badgerelay.plugin.store.database import HEAD, Database
from badgerelay.plugin.store.schema.tables import metadata

UPGRADE = "import sys; from badgerelay.plugin.store.database import Database; Database(sys.argv[1]).upgrade()"


def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    database = Database(database_url)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


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


def test_an_alm_account_of_one_provider_becomes_one_of_several(database_url: str) -> None:
    database = Database(database_url)
    sources = {"acme": {"provider": "academy", "rate": "9/hour"}, "new": {"provider": ["academy", "campus"]}}
    columns = "name, role, type, account, settings, secrets, paused, failures, retry_at, created_at, updated_at"
    row = "VALUES ('{}', 'source', 'alm', '', '{}', '', false, 0, 0, 0, 0)"
    with database.write() as connection:
        for name, settings in sources.items():
            values = row.format(name, json.dumps(settings))
            connection.exec_driver_sql(f"INSERT INTO connections ({columns}) {values}")
        # What later migrations add.
        connection.exec_driver_sql("ALTER TABLE heartbeats DROP COLUMN since")
        connection.exec_driver_sql("DROP INDEX backfill_completions_address")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0011'")
    database.upgrade()
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT name, settings FROM connections ORDER BY name").all()
    database.close()
    assert {name: json.loads(settings) for name, settings in found} == {
        "acme": {"provider": ["academy"], "rate": "9/hour"},
        "new": {"provider": ["academy", "campus"]},
    }


def test_a_newer_schema_than_ours_is_left_alone(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="schema"):
        open_store(Settings(tmp_path / "home", database_url))
    assert database.version() == "9999"
    database.close()
