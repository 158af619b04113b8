from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.engine import Row

from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.sources.decisions import Earns
from badgerelay.plugin.store import NewEvent, Plan, Store
from badgerelay.plugin.store.database import Database

EVENT = NewEvent(
    connection="acme",
    source="alm:70412",
    event_id="e-1",
    lane="acme",
    kind="COURSE_COMPLETED",
    payload="{}",
    learner_id="15300721",
    learning_object_id="course:1",
    occurred_at=1_700_000_000.0,
)
RECIPIENT: dict[str, str | None] = {
    "email": "rosa@example.org",
    "first_name": "Rosa",
    "last_name": "Lindqvist",
    "locale": None,
}


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


def live_on(store: Store, clock: Clock, seconds: float) -> None:
    """So much time passes, which living processes note; they take back what those that are gone were sending."""
    clock.seconds += max(seconds - 9.0, 0.0)
    for _ in range(3):
        store.heartbeat.beat(clock())
        clock.seconds += min(seconds, 9.0) / 3
    store.heartbeat.beat(clock())
    store.ledger.take_back(clock())


class Giving:
    """A source that gives each event the badges it is told to."""

    def __init__(self, *templates: str, connection: str = "academy") -> None:
        self.plans = [Plan(connection, template, RECIPIENT, 1_700_000_000.0) for template in templates]

    def decide(self, events: Any) -> Any:
        yield [(row, Earns(tuple(self.plans), "as told")) for row in events]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Any:
    """A store whose clock the test moves."""
    database = Database(settings.database_url)
    made = Store(database, open_vault(settings), clock)
    plain = {"max_age": "unlimited"}
    made.connections.save("academy", "provider", "credly", "", plain, {"token": "a-secret-token"}, clock())
    made.connections.save("acme", "source", "alm", "", plain, {}, clock())
    yield made
    made.close()


@pytest.fixture
def earn(store: Store) -> Callable[..., list[Row[Any]]]:
    """Completions by so many learners; gives their awards."""

    def make(learners: int = 1, template: str = "t-1", first: int = 0) -> list[Any]:
        events = [
            replace(EVENT, event_id=f"{template}-{number}", learner_id=f"l-{number}")
            for number in range(first, first + learners)
        ]
        store.inbox.add(events, store.now())
        while decide_batch(store, Giving(template), "acme", "decider"):
            pass
        return store.views.awards(limit=100_000)

    return make
