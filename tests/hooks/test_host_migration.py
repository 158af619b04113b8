"""A host that migrates its own database with Alembic while badgerelay upgrades its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pluggy
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from badgerelay import Relay, register
from badgerelay.hooks import CourseCompleted, Learner, LearningObject
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import open_store

ENV = """
import logging
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
VERSION = """
import sqlalchemy as sa
from alembic import context, op

revision, down_revision = "a1", None

def upgrade():
    op.create_table("host_before", sa.Column("id", sa.Integer, primary_key=True))
    context.config.attributes["during"]()
    op.create_table("host_after", sa.Column("id", sa.Integer, primary_key=True))
"""
EVENT = CourseCompleted(
    "completion-1", "lms", datetime(2026, 3, 2, tzinfo=UTC), Learner("u-1"), LearningObject("course", "c-1")
)


@pytest.fixture
def migrate_host(tmp_path: Path) -> Callable[[Callable[[], None]], list[str]]:
    """Migrates the host's database, calling the function in the middle; gives the tables that it then has."""
    scripts = tmp_path / "alembic"
    (scripts / "versions").mkdir(parents=True)
    (scripts / "env.py").write_text(ENV)
    (scripts / "versions" / "a1_tables.py").write_text(VERSION)
    url = f"sqlite:///{tmp_path / 'host.db'}"

    def migrate(during: Callable[[], None]) -> list[str]:
        config = Config(attributes={"during": during})
        config.set_main_option("script_location", str(scripts))
        config.set_main_option("sqlalchemy.url", url)
        command.upgrade(config, "head")
        engine = sa.create_engine(url)
        names = sa.inspect(engine).get_table_names()
        engine.dispose()
        return names

    return migrate


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """Settings of a home without a database."""
    home = tmp_path / "badgerelay"
    return Settings(home, f"sqlite:///{home / 'badgerelay.db'}")


HOSTS_TABLES = ["alembic_version", "host_after", "host_before"]


def test_a_hook_called_by_the_hosts_own_migration_stores_its_event(
    migrate_host: Callable[[Callable[[], None]], list[str]], empty: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    manager = pluggy.PluginManager("lms")
    relays: list[Relay] = []

    def during() -> None:
        relays.append(register(manager, source="lms", settings=empty))
        manager.hook.course_completed(event=EVENT)

    assert migrate_host(during) == HOSTS_TABLES
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    relays[0].close()
    assert_stored(empty)


def test_registering_in_another_thread_during_the_hosts_migration_touches_neither_database(
    migrate_host: Callable[[Callable[[], None]], list[str]], empty: Settings
) -> None:
    manager = pluggy.PluginManager("lms")
    relays: list[Relay] = []

    def during() -> None:
        thread = threading.Thread(target=lambda: relays.append(register(manager, source="lms", settings=empty)))
        thread.start()
        thread.join(30)

    assert migrate_host(during) == HOSTS_TABLES
    manager.hook.course_completed(event=EVENT)
    relays[0].close()
    assert_stored(empty)


def assert_stored(settings: Settings) -> None:
    store = open_store(settings)
    with store.database.read() as transaction:
        names = sa.inspect(transaction).get_table_names()
    assert not [name for name in names if name.startswith("host_")]
    assert [row["event_id"] for row in store.views.events()] == ["completion-1"]
    store.close()


def test_an_upgrade_leaves_no_line_of_alembic_in_the_hosts_log(
    empty: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "alembic"):
        open_store(empty).close()
    assert [record for record in caplog.records if record.name.startswith("alembic")] == []
