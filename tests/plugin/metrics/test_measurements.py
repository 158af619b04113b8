"""Measurements of several processes add up."""

from __future__ import annotations

import os

import pytest

from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store, StoreUnavailableError, open_store
from badgerelay.plugin.store import measurements as measurements_module

from ...support import until

CALL = ("calls", "issue", "issued")


def values(store: Store) -> dict[tuple[str, str], float]:
    return {(row.connection, row.name): row.value for row in store.measurements.all()}


def test_what_several_processes_measure_adds_up(store: Store, settings: Settings) -> None:
    other = open_store(settings)
    for _ in range(3):
        for each in (store, other):
            each.measurements.add({CALL: 1.0, ("seconds", "issue", ""): 0.25}, "academy")
            each.measurements.flush()
    other.close()
    assert values(store) == {("academy", "calls"): 6.0, ("academy", "seconds"): 1.5}


def test_of_moments_the_latest_stays(store: Store, settings: Settings) -> None:
    other = open_store(settings)
    for each, moment in ((store, 200.0), (other, 100.0)):
        each.measurements.happened("last_event", "acme", moment)
        each.measurements.flush()
    other.close()
    assert values(store) == {("acme", "last_event"): 200.0}


def test_measurements_arrive_by_themselves_and_at_the_end(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements_module, "FLUSH_SECONDS", 0.05)
    store.measurements.add({CALL: 1.0}, "academy")
    until(lambda: values(store) == {("academy", "calls"): 1.0})
    monkeypatch.setattr(measurements_module, "FLUSH_SECONDS", 60.0)
    other = open_store(settings)
    other.measurements.add({CALL: 1.0}, "academy")
    other.close()
    assert values(store) == {("academy", "calls"): 2.0}


def test_nothing_is_lost_or_doubled_while_the_table_cannot_be_written(store: Store) -> None:
    def rename(name: str, to: str) -> None:
        with store.database.write() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {to}")

    store.measurements.add({CALL: 1.0}, "academy")
    store.measurements.happened("last_event", "acme", 200.0)
    rename("measurements", "elsewhere")
    with pytest.raises(StoreUnavailableError):
        store.measurements.flush()
    store.measurements.add({CALL: 1.0}, "academy")
    store.measurements.happened("last_event", "acme", 100.0)
    rename("elsewhere", "measurements")
    store.measurements.flush()
    store.measurements.flush()
    assert values(store) == {("academy", "calls"): 2.0, ("acme", "last_event"): 200.0}


def test_a_forked_process_adds_its_own_and_not_its_parents(store: Store) -> None:
    store.measurements.add({CALL: 1.0}, "academy")
    child = os.fork()
    if child == 0:
        store.measurements.add({CALL: 10.0}, "academy")
        store.measurements.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    store.measurements.flush()
    assert values(store) == {("academy", "calls"): 11.0}


def test_a_removed_connection_takes_its_measurements_along(store: Store) -> None:
    store.measurements.add({CALL: 1.0}, "academy")
    store.measurements.flush()
    store.connections.remove("academy")
    assert values(store) == {}
