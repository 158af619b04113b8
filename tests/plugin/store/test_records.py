"""Records of an adapter's own: all or nothing, once, and apart from everybody else's."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from badgerelay.adapters import Change
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import Vault, new_key
from badgerelay.plugin.store import Store, StoreUnavailableError, open_store
from badgerelay.plugin.store.connections import records as module
from badgerelay.plugin.store.connections.records import ConnectionRecords
from badgerelay.plugin.store.schema.tables import records as table


@pytest.fixture
def records(store: Store) -> ConnectionRecords:
    return store.records("campus", "example")


def values(records: ConnectionRecords, kind: str = "badge") -> dict[str, str]:
    return {record.key: record.value for record in records.listed(kind)}


def test_what_is_written_can_be_read(records: ConnectionRecords) -> None:
    assert records.change([Change("badge", "a", "one"), Change("badge", "b", "two", group="g")])
    found = records.get("badge", ["a", "b", "c"])
    assert {key: (each.value, each.version, each.group) for key, each in found.items()} == {
        "a": ("one", 1, ""),
        "b": ("two", 1, "g"),
    }
    assert records.get("other", ["a"]) == {}
    assert records.get("badge", []) == {}


def test_a_change_needs_the_version_that_is_there(records: ConnectionRecords) -> None:
    assert records.change([Change("badge", "a", "one")])
    assert not records.change([Change("badge", "a", "another one")])
    assert not records.change([Change("badge", "a", "two", 2)])
    assert records.change([Change("badge", "a", "two", 1)])
    assert not records.change([Change("badge", "a", "late", 1)])
    assert not records.change([Change("badge", "nothing", "x", 1)])
    assert records.get("badge", ["a"])["a"].version == 2
    assert values(records) == {"a": "two"}


def test_of_several_changes_all_are_made_or_none(records: ConnectionRecords) -> None:
    assert records.change([Change("badge", "a", "one")])
    assert not records.change([Change("badge", "b", "new"), Change("badge", "a", "new")])
    assert not records.change([Change("badge", "c", "new"), Change("badge", "a", "changed", 9)])
    assert not records.change([Change("badge", "a", "changed", 1), Change("status", "x", "changed", 1)])
    assert values(records) == {"a": "one"}


def test_others_see_nothing(store: Store, records: ConnectionRecords) -> None:
    assert records.change([Change("badge", "a", "one")])
    for other in (store.records("campus", "another"), store.records("other", "example")):
        assert values(other) == {}
        assert other.change([Change("badge", "a", "theirs")])
        assert other.take("n") == 0
    assert values(records) == {"a": "one"}


def test_lists_are_read_in_parts(records: ConnectionRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    changes = [Change("badge", f"{number:02d}", str(number), group=str(number % 2)) for number in range(10)]
    assert records.change(changes)
    assert list(values(records)) == [f"{number:02d}" for number in range(10)]
    assert [record.value for record in records.listed("badge", "1")] == ["1", "3", "5", "7", "9"]
    assert len(records.get("badge", [f"{number:02d}" for number in range(10)])) == 10
    assert records.versions("badge", "0") == {f"{number:02d}": 1 for number in range(0, 10, 2)}


def test_no_number_is_given_twice(records: ConnectionRecords) -> None:
    taken: list[int] = []

    def take() -> None:
        for _ in range(10):
            first = records.take("positions", 3)
            taken.extend(range(first, first + 3))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(120))
    assert records.taken("positions") == 120
    assert records.taken("nothing") == 0


def test_of_two_who_write_at_once_one_succeeds(records: ConnectionRecords) -> None:
    start, done = threading.Barrier(6), []

    def write(name: str) -> None:
        start.wait()
        done.append(records.change([Change("badge", key, name) for key in ("x", "y", "z")]))

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 5 + [True]
    assert len(set(values(records).values())) == 1


def test_sealed_values_are_encrypted_and_follow_the_keys(settings: Settings) -> None:
    old, new = new_key(), new_key()
    home, url = settings.home, settings.database_url
    store = open_store(Settings(home, url, (old,)))
    store.records("campus", "example").change([Change("keys", "ring", "a private key", sealed=True)])
    with store.database.read() as transaction:
        assert "private" not in str(transaction.scalar(sa.select(table.c.value)))
    store.close()
    store = open_store(Settings(home, url, (new, old)))
    assert store.connections.rotate() == 1
    store.close()
    store = open_store(Settings(home, url, (new,)))
    found = store.records("campus", "example").get("keys", ["ring"])["ring"]
    assert (found.value, found.version) == ("a private key", 1)
    assert "private" not in repr(found)
    store.close()


def test_they_stay_when_the_connection_is_removed(store: Store, records: ConnectionRecords) -> None:
    store.connections.save("campus", "provider", "example", "", {}, {}, 0.0)
    assert records.change([Change("badge", "a", "one")])
    store.connections.remove("campus")
    assert values(records) == {"a": "one"}


def test_a_secret_that_no_key_opens_is_trouble_of_the_database(store: Store) -> None:
    assert store.records("campus", "example").change([Change("keys", "ring", "secret", sealed=True)])
    other_vault = ConnectionRecords(store.database, Vault((new_key(),)), "campus", "example")
    with pytest.raises(StoreUnavailableError, match="cannot be decrypted"):
        other_vault.get("keys", ["ring"])
