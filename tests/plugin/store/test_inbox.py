from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.store import NewEvent, Store, StoreUnavailableError
from badgerelay.plugin.store.inbox.inbox import finish
from badgerelay.plugin.store.ledger.bulk_repair import Chosen

from ...support import due_lanes
from .conftest import EVENT, Clock


def stored(store: Store) -> list[dict[str, Any]]:
    return store.views.events(limit=100_000)


def in_threads(work: list[Any]) -> list[BaseException | None]:
    """Run them all at once; what each raised."""
    raised: list[BaseException | None] = [None] * len(work)
    gate = threading.Barrier(len(work))

    def run(number: int) -> None:
        gate.wait()
        try:
            work[number]()
        except BaseException as error:
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_the_same_event_is_stored_once(store: Store) -> None:
    store.inbox.add([EVENT, replace(EVENT, payload='"again"')], 1.0)
    store.inbox.add([EVENT], 2.0)
    (row,) = stored(store)
    assert (row["received_at"], row["payload"]) == (1.0, "{}")


@pytest.mark.parametrize("change", [{"connection": "other"}, {"source": "alm:9"}, {"event_id": "e-2"}])
def test_connection_source_and_event_id_together_tell_events_apart(store: Store, change: dict[str, Any]) -> None:
    store.inbox.add([EVENT, replace(EVENT, **change)], 1.0)
    assert len(stored(store)) == 2


def test_nothing_to_add_asks_for_no_transaction(store: Store) -> None:
    store.close()
    store.inbox.add([], 1.0)


def test_many_threads_lose_no_event(store: Store) -> None:
    def add(number: int) -> None:
        for turn in range(10):
            store.inbox.add([replace(EVENT, event_id=f"{number}-{turn}"), EVENT], 1.0)

    assert in_threads([lambda n=n: add(n) for n in range(24)]) == [None] * 24
    found = {row["event_id"] for row in stored(store)}
    assert found == {"e-1", *(f"{number}-{turn}" for number in range(24) for turn in range(10))}


def test_more_rows_than_one_statement_takes_are_stored(store: Store) -> None:
    store.inbox.add([replace(EVENT, event_id=str(number)) for number in range(2345)], 1.0)
    assert len(stored(store)) == 2345


def test_a_value_that_cannot_be_stored_costs_no_neighbour(store: Store) -> None:
    bad = replace(EVENT, event_id="bad", payload="\ud800" if store.database.embedded else "\x00")
    work: list[Any] = [lambda: store.inbox.add([bad], 1.0)]
    work += [lambda n=n: store.inbox.add([replace(EVENT, event_id=str(n))], 1.0) for n in range(12)]
    raised = in_threads(work)
    assert raised[0] is not None
    assert raised[1:] == [None] * 12
    assert {row["event_id"] for row in stored(store)} == {str(number) for number in range(12)}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badgerelay.plugin.store.engines.BUSY_SECONDS", 0.2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_reported_to_everybody_and_loses_nothing(store: Store) -> None:
    store.inbox.add([EVENT], 1.0)
    with store.database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def limit(most: int) -> None:
        # A limit belongs to a connection: give it to each that is made from now on.
        store.database.close()
        pragma = f"PRAGMA max_page_count={most}"
        sa.event.listen(store.database._engine, "connect", lambda made, _: made.execute(pragma))

    limit(int(pages or 0) + 2)
    large = [replace(EVENT, event_id=f"large-{number}", payload="x" * 60_000) for number in range(6)]
    work = [lambda event=event: store.inbox.add([event], 1.0) for event in large]
    raised = in_threads(work)
    assert all(isinstance(error, StoreUnavailableError) for error in raised)
    assert "full" in str(raised[0])
    assert [row["event_id"] for row in stored(store)] == ["e-1"]
    limit(1_000_000)
    assert in_threads(work) == [None] * 6
    assert len(stored(store)) == 7


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_another_process_has_locked_is_reported(store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "home" / "badgerelay.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    raised = in_threads([lambda n=n: store.inbox.add([replace(EVENT, event_id=str(n))], 1.0) for n in range(6)])
    assert all(isinstance(error, StoreUnavailableError) and "locked" in str(error) for error in raised)
    assert stored(store) == []  # readers wait for nobody
    other.execute("ROLLBACK")
    other.close()
    store.inbox.add([EVENT], 1.0)
    assert len(stored(store)) == 1


def test_what_failed_is_stored_when_it_is_delivered_again(store: Store) -> None:
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO elsewhere")
    with pytest.raises(StoreUnavailableError):
        store.inbox.add([EVENT], 1.0)
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO events")
    store.inbox.add([EVENT], 1.0)
    assert len(stored(store)) == 1


def test_an_event_is_claimed_by_one_only(store: Store, clock: Clock) -> None:
    store.inbox.add([replace(EVENT, event_id=str(number)) for number in range(100)], clock())
    taken: list[int] = []

    def claim(owner: str) -> None:
        while rows := store.inbox.claim("acme", owner, 7, clock()):
            taken.extend(row.id for row in rows)

    assert in_threads([lambda n=n: claim(f"owner-{n}") for n in range(6)]) == [None] * 6
    assert len(taken) == len(set(taken)) == 100


def test_an_event_whose_worker_died_is_due_again_and_the_late_one_is_ignored(store: Store, clock: Clock) -> None:
    store.inbox.add([EVENT], clock())
    (late,) = store.inbox.claim("acme", "first", 10, clock())
    assert store.inbox.claim("acme", "second", 10, clock()) == []
    clock.seconds += 16
    (row,) = store.inbox.claim("acme", "second", 10, clock())
    assert row.attempts == 2
    with store.database.write() as connection:
        assert not finish(connection, late, "ignored", "too late", due_at=clock())
        assert finish(connection, row, "done", "in time", due_at=clock())
    assert stored(store)[0]["reason"] == "in time"


def test_a_paused_or_resting_source_is_not_worked_on(store: Store, clock: Clock) -> None:
    store.inbox.add([EVENT], clock())
    assert due_lanes(store, "decide", clock()) == ["acme"]
    assert due_lanes(store, "decide", clock(), with_connections=False) == []
    store.connections.pause(["acme"], clock())
    assert due_lanes(store, "decide", clock()) == []
    store.connections.resume(["acme"], clock())
    store.connections.open_circuit("acme", clock(), lambda _: 5.0, "trouble")
    assert due_lanes(store, "decide", clock()) == []
    clock.seconds += 6
    assert due_lanes(store, "decide", clock()) == ["acme"]


def test_new_settings_of_a_source_end_the_wait_of_its_events_but_no_lease(store: Store, clock: Clock) -> None:
    store.inbox.add([EVENT, replace(EVENT, event_id="e-2")], clock())
    (row,) = store.inbox.claim("acme", "one", 1, clock())
    with store.database.write() as connection:
        finish(connection, row, "waiting", "the token is not valid", due_at=clock() + 300)
    (leased,) = store.inbox.claim("acme", "two", 1, clock())
    store.connections.save("acme", "source", "alm", "", {}, {"refresh_token": "new"}, clock())
    assert [found.id for found in store.inbox.claim("acme", "three", 10, clock())] == [row.id]
    assert leased.id != row.id


def test_a_replayed_event_starts_again(store: Store, clock: Clock) -> None:
    store.inbox.add([replace(EVENT, state="ignored", reason="for a test")], clock())
    assert store.inbox.claim("acme", "one", 10, clock()) == []
    assert store.repair.replay(Chosen(ids=(1, 2)), clock) == 1
    (row,) = store.inbox.claim("acme", "one", 10, clock())
    assert row.reason is None


def test_an_event_does_not_show_its_payload() -> None:
    assert "secret" not in repr(NewEvent("a", "b", "c", "d", "e", payload="secret"))
