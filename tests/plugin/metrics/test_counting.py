"""The counts of events and awards are those of the tables, whatever happens in between."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.metrics import counting as counting_module
from badgerelay.plugin.metrics.counting import Counting, Counts
from badgerelay.plugin.metrics.overview import overview_of
from badgerelay.plugin.store import NewEvent, Store
from badgerelay.plugin.store.counts import _AWARDS, _EVENTS, StateCount
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import AWARD_STATES, awards

from ...support import until


@pytest.fixture
def count(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Counts]:
    """Counts anew at each call."""
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
    for (_, state), counted in counts.events.items():
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


def test_awards_are_counted_by_connection_and_state(store: Store, count: Callable[[], Counts]) -> None:
    chance = random.Random(3)
    states = [chance.choice(AWARD_STATES) for _ in range(300)]
    names = [chance.choice(["academy", "campus"]) for _ in states]
    common = {"source": "lms", "template_id": "t", "period": "", "event_id": 1, "correlation_id": "c"}
    common |= {"recipient": "{}", "issued_at": 1.0, "due_at": 1.0}
    rows = [
        {"connection": name, "learner_id": str(number), "state": state, "created_at": 1000.0 + number, **common}
        for number, (name, state) in enumerate(zip(names, states, strict=True))
    ]
    with store.database.write() as transaction:
        transaction.execute(sa.insert(awards), rows)
    counted = count().awards
    assert {key: each.rows for key, each in counted.items()} == Counter(zip(names, states, strict=True))
    for (name, state), each in counted.items():
        came = [float(str(row["created_at"])) for row in rows if (row["connection"], row["state"]) == (name, state)]
        assert each.oldest == (min(came) if state in ("planned", "sending", "waiting") else None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_counting_reads_no_row_that_is_done_or_issued(store: Store) -> None:
    with store.database.read() as transaction:
        for query in (*_EVENTS, *_AWARDS):
            compiled = str(query.compile(dialect=transaction.dialect, compile_kwargs={"literal_binds": True}))
            plan = [row[3] for row in transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
            reads = [step for step in plan if step.startswith(("SCAN", "SEARCH"))]
            assert all("COVERING INDEX" in step or "_due" in step for step in reads), compiled


def test_the_oldest_undone_row_has_its_age(store: Store, count: Callable[[], Counts]) -> None:
    for age in (300.0, 100.0):
        store.inbox.add([NewEvent("", "lms", str(age), "lane", "k", "{}")], store.now() - age)
    oldest = count().events["lms", "received"].oldest
    assert oldest is not None
    assert store.now() - oldest == pytest.approx(300, abs=5)


def test_a_sender_cannot_make_sources_without_number(store: Store, count: Callable[[], Counts]) -> None:
    new = [
        NewEvent("acme", f"alm:{number}", str(number), "acme", "k", "{}", "ignored", "why") for number in range(700)
    ]
    new += [NewEvent("", f"lms-{number}", "e", "lane", "k", "{}") for number in range(300)]
    store.inbox.add(new, store.now())
    counted = count().events
    assert {source for source, _ in counted if source.startswith("alm")} == {"alm:other"}
    assert len({source for source, _ in counted}) <= counting_module.MAX_SOURCES + 2
    assert sum(each.rows for each in counted.values()) == len(new)


def test_counts_are_kept_for_some_seconds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(store)
    until(lambda: counting.counts(overview_of(store)))
    first = counting.counts(overview_of(store))
    add(store, "later")
    assert counting.counts(overview_of(store)) is first


def test_a_scrape_does_not_wait_for_a_long_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting_module, "PATIENCE_SECONDS", 0.1)
    add(store, *map(str, range(40)))
    counting = Counting(store)
    of_events, may_end = store.state_counts.of_events, threading.Event()

    def slowly() -> list[StateCount]:
        may_end.wait(30)
        return of_events()

    monkeypatch.setattr(store.state_counts, "of_events", slowly)
    assert counting.counts(overview_of(store)) is None
    may_end.set()
    found = until(lambda: counting.counts(overview_of(store)))
    assert sum(each.rows for each in found.events.values()) == 40


def test_counting_goes_on_when_the_database_is_back(store: Store, count: Callable[[], Counts]) -> None:
    add(store, "e-1")
    before = count()
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE awards RENAME TO elsewhere")
    assert count() is before
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO awards")
    add(store, "e-2")
    assert by_state(count()) == {"received": 2}
