"""The counts of events and awards are those of the tables, whatever happens in between."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.metrics import counting as counting_module
from badgerelay.plugin.metrics import tally as tally_module
from badgerelay.plugin.metrics.counting import Counting, Counts
from badgerelay.plugin.metrics.overview import overview_of
from badgerelay.plugin.metrics.reasons import MAX_REASONS
from badgerelay.plugin.store import NewEvent, Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import events

from ...support import until


@pytest.fixture
def count(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Counts]:
    """Counts anew at each call, in blocks of ten rows."""
    monkeypatch.setattr(tally_module, "BLOCK", 10)
    monkeypatch.setattr(counting_module, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(counting_module, "PATIENCE_SECONDS", 20.0)
    counting = Counting(store)

    def counts() -> Counts:
        found = counting.counts(overview_of(store))
        assert found is not None
        return found

    return counts


def add(store: Store, *names: str, **changes: Any) -> None:
    values = {"source": "lms", "lane": "lane", "kind": "course_completed", "payload": "{}", **changes}
    new = [NewEvent(connection="", event_id=name, **values) for name in names]
    store.inbox.add(new, store.now())


def by_state(counts: Counts) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, state, _), counted in counts.events.items():
        found[state] = found.get(state, 0) + counted.rows
    return found


def test_what_is_added_and_changed_is_in_the_next_counts(store: Store, count: Callable[[], Counts]) -> None:
    chance = random.Random(7)
    for turn in range(12):
        add(store, *[f"{turn} {number}" for number in range(chance.randrange(30))])
        add(store, f"dead {turn}", state="dead", reason="it names no userId")
        ids = [row["id"] for row in store.views.events(state="dead", limit=1000)]
        store.repair.replay(Chosen(ids=tuple(chance.sample(ids, len(ids) // 3))), store.now)
        assert by_state(count()) == store.views.counts()["events"]


def test_a_change_without_history_is_counted_after_some_looks(store: Store, count: Callable[[], Counts]) -> None:
    add(store, *map(str, range(200)))
    for _ in range(3):
        count()
    with store.database.write() as connection:
        connection.execute(sa.update(events).where(events.c.id <= 55).values(state="done"))
    assert by_state(count()) != {"done": 55, "received": 145}
    until(lambda: by_state(count()) == {"done": 55, "received": 145})


def test_the_oldest_undone_row_has_its_age(store: Store, count: Callable[[], Counts]) -> None:
    for age in (300.0, 100.0):
        store.inbox.add([NewEvent("", "lms", str(age), "lane", "k", "{}")], store.now() - age)
    oldest = count().events["lms", "received", ""].oldest
    assert store.now() - oldest == pytest.approx(300, abs=5)


def test_a_sender_cannot_make_sources_or_reasons_without_number(store: Store, count: Callable[[], Counts]) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    reasons = [f"ends in {a}{b}" for a in letters for b in letters]
    new = [
        NewEvent("acme", f"alm:{number}", reason, "acme", "k", "{}", "ignored", reason)
        for number, reason in enumerate(reasons)
    ]
    new += [NewEvent("", f"lms-{number}", "e", "lane", "k", "{}") for number in range(300)]
    store.inbox.add(new, store.now())
    counted = count().events
    assert {source for source, _, _ in counted if source.startswith("alm")} == {"alm:other"}
    assert len({source for source, _, _ in counted}) <= counting_module.MAX_SOURCES + 2
    assert len({reason for _, _, reason in counted}) <= MAX_REASONS + 1
    assert sum(each.rows for each in counted.values()) == len(new)


def test_counts_are_kept_for_some_seconds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(store)
    until(lambda: counting.counts(overview_of(store)))
    first = counting.counts(overview_of(store))
    add(store, "later")
    assert counting.counts(overview_of(store)) is first


def test_a_scrape_does_not_wait_for_a_long_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting_module, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(tally_module, "BLOCK", 1)
    monkeypatch.setattr(tally_module, "PAUSE_SECONDS", 0.05)
    add(store, *map(str, range(40)))
    counting = Counting(store)
    assert counting.counts(overview_of(store)) is None
    found = until(lambda: counting.counts(overview_of(store)))
    assert sum(each.rows for each in found.events.values()) == 40


def test_counting_goes_on_when_the_database_is_back(store: Store, count: Callable[[], Counts]) -> None:
    add(store, "e-1")
    before = count()
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE history RENAME TO elsewhere")
    add(store, "e-2")
    assert count() is before
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO history")
    assert by_state(count()) == {"received": 2}
