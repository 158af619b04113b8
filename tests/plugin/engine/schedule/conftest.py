from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from badgerelay.plugin.engine.schedule.periodic_task import Task
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.store import Connection, Store
from badgerelay.plugin.store.database import Database


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Deed:
    """What a task does: as told, and counted."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.act: Callable[[], str] = lambda: "well"

    def __call__(self, _store: Store, connection: Connection) -> str:
        self.runs.append(connection.name)
        return self.act()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Any:
    """A store whose clock the test moves, with a provider connection ``academy``."""
    made = Store(Database(settings.database_url), open_vault(settings), clock)
    made.connections.save("academy", "provider", "credly", "", {}, {}, clock())
    yield made
    made.close()


@pytest.fixture
def deed() -> Deed:
    return Deed()


@pytest.fixture
def task(deed: Deed) -> Task:
    """Once an hour, unless the connection says otherwise."""
    return Task("sweep", "provider", lambda settings: settings.get("every", 3600.0), deed)
