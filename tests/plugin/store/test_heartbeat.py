from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Settled, Store
from badgerelay.plugin.store import shared_clock as heartbeat
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.store.leases import LEASE_SECONDS
from badgerelay.plugin.store.ledger.awards import LOOKUP_SECONDS
from badgerelay.plugin.store.shared_clock import Heartbeat

from ...support import due_lanes
from .conftest import EVENT, Clock, live_on

Earn = Callable[..., list[Any]]


@pytest.fixture(autouse=True)
def _believing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is there who might still have the later time."""
    monkeypatch.setattr(heartbeat, "PATIENCE_SECONDS", 0.0)


def test_a_clock_that_goes_on_changes_nothing(store: Store, clock: Clock) -> None:
    store.connections.open_circuit("academy", clock(), lambda _: 300.0, "down")
    for _ in range(5):
        assert store.heartbeat.beat(clock()) == 0.0
        clock.seconds += 30.0
    academy = store.connections.get("academy")
    assert academy is not None
    assert academy.retry_at == clock() - 150.0 + 300.0


@pytest.mark.parametrize("back", [120.0, 3600.0, 86400.0])
def test_a_step_back_keeps_nothing_waiting_for_longer(store: Store, clock: Clock, earn: Earn, back: float) -> None:
    earn(3)
    (waits, crashed) = store.ledger.claim("academy", "gone", 2, clock())
    store.ledger.settle([Settled(waits, "waiting", "down", clock() + 40.0)], clock())
    store.inbox.add([EVENT], clock())
    store.inbox.claim("acme", "gone", 10, clock())
    store.connections.open_circuit("academy", clock(), lambda _: 40.0, "down")
    store.heartbeat.beat(clock())
    clock.seconds -= back
    assert store.heartbeat.beat(clock()) == back
    assert store.heartbeat.beat(clock()) == 0.0
    live_on(store, clock, 41.0)
    clock.seconds += LOOKUP_SECONDS
    assert due_lanes(store, "send", clock()) == ["academy"]
    assert len(store.ledger.claim("academy", "another", 10, clock())) == 3
    assert [row.event_id for row in store.inbox.claim("acme", "another", 10, clock())] == ["e-1"]
    assert crashed.state == "sending"


def test_a_lease_taken_since_the_step_still_holds(store: Store, clock: Clock, earn: Earn) -> None:
    earn(1)
    store.heartbeat.beat(clock())
    clock.seconds -= 3600.0
    # What was due is an hour away, until somebody notices.
    assert store.ledger.claim("academy", "one", 10, clock()) == []
    store.heartbeat.beat(clock())
    assert len(store.ledger.claim("academy", "one", 10, clock())) == 1
    clock.seconds -= 100.0
    store.heartbeat.beat(clock())
    clock.seconds += LEASE_SECONDS - 1
    assert store.ledger.claim("academy", "another", 10, clock()) == []


def test_clocks_of_several_machines_may_differ_a_little(store: Store, clock: Clock) -> None:
    store.connections.open_circuit("academy", clock(), lambda _: 300.0, "down")
    for late in (0.0, -50.0, 5.0, -50.0):
        assert store.heartbeat.beat(clock() + late) == 0.0


def test_the_step_is_noticed_after_a_restart(store: Store, clock: Clock, settings: Settings) -> None:
    store.heartbeat.beat(clock())
    database = Database(settings.database_url)
    assert Heartbeat(database).beat(clock() - 3600.0) == 3600.0
    database.close()


def test_a_machine_that_is_days_behind_moves_nothing_while_others_live(
    store: Store, clock: Clock, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeat, "PATIENCE_SECONDS", 0.05)
    store.connections.open_circuit("academy", clock(), lambda _: 300.0, "down")
    store.heartbeat.beat(clock())
    database = Database(settings.database_url)
    behind = Heartbeat(database)
    for _ in range(4):
        assert behind.beat(clock() - 2 * 86400.0) == 0.0
        clock.seconds += 3.0
        store.heartbeat.beat(clock())
        time.sleep(0.06)
    assert "set it right" in caplog.text
    academy = store.connections.get("academy")
    assert academy is not None
    assert academy.retry_at == clock() - 12.0 + 300.0
    assert behind.beat(clock() - 2 * 86400.0) == 0.0
    time.sleep(0.06)  # the others are gone
    assert behind.beat(clock() - 2 * 86400.0) == 2 * 86400.0
    database.close()
