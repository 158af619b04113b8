from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.sources.decisions import Decided, Waits
from badgerelay.plugin.store import InboxEvent, NewEvent, Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen


class Waiting:
    """A source that always says: not yet."""

    def __init__(self, *, counts: bool) -> None:
        self._counts = counts

    def decide(self, events: Sequence[InboxEvent]) -> Iterator[list[Decided]]:
        yield [(row, Waits("not yet", 0.0, counts=self._counts)) for row in events]


def _round(store: Store, *, counts: bool) -> int:
    assert decide_batch(store, Waiting(counts=counts), "lane", "owner") == 1
    (event,) = store.views.events()
    assert event["state"] == "waiting"
    return int(event["attempts"])


@pytest.fixture
def waiting(store: Store) -> Store:
    store.inbox.add([NewEvent("", "lms", "e-1", "lane", "course_completed", "{}")], store.now())
    return store


def test_a_long_outage_does_not_age_an_event(waiting: Store) -> None:
    assert [_round(waiting, counts=False) for _ in range(30)] == [0] * 30
    assert _round(waiting, counts=True) == 1


def test_a_replayed_event_begins_anew(waiting: Store) -> None:
    assert [_round(waiting, counts=True) for _ in range(3)] == [1, 2, 3]
    waiting.repair.replay(Chosen(ids=(waiting.views.events()[0]["id"],)), waiting.now)
    assert _round(waiting, counts=True) == 1
