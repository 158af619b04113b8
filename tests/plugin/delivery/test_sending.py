from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from marshmallow import Schema

from badgerelay.adapters.base import (
    Account,
    Adapter,
    Award,
    BadgeTemplate,
    Capabilities,
    Context,
    IssuedBadge,
    Outcome,
)
from badgerelay.adapters.errors import AmbiguousError, TemporaryError
from badgerelay.plugin.delivery.deciding import decide_batch
from badgerelay.plugin.delivery.sending import send_batch
from badgerelay.plugin.settings import Settings
from badgerelay.plugin.store import Connection, Store
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.vault import open_vault

from ..store.conftest import EVENT, Clock, Giving


class BreakingAdapter(Adapter):
    """A provider that breaks, without saying on which, whenever one learner is in the batch."""

    name = "breaking"
    capabilities = Capabilities(max_batch=50)
    settings_schema = Schema

    def __init__(self) -> None:
        super().__init__({}, Context("academy", None, None, None))  # type: ignore[arg-type]  # it needs none of them
        self.made: dict[str, IssuedBadge] = {}
        self.calls = 0

    def check(self) -> Account:
        return Account("b", "Breaking")

    def templates(self) -> Iterator[BadgeTemplate]:
        return iter(())

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        self.calls += 1
        if any(award.recipient.earner_id.endswith(":poison") for award in awards):
            raise TemporaryError("failed", may_have_acted=True)
        return [
            self.made.setdefault(award.id, IssuedBadge(f"b-{award.id}", award.template_id, "pending"))
            for award in awards
        ]

    def find(self, award: Award) -> IssuedBadge | None:
        self.calls += 1
        return self.made.get(award.id)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Iterator[Store]:
    made = Store(Database(settings.database_url), open_vault(settings), clock)
    made.connections.save("academy", "provider", "breaking", "", {}, {}, clock())
    made.connections.save("acme", "source", "alm", "", {"max_age": "unlimited"}, {}, clock())
    yield made
    made.close()


def test_an_award_at_which_the_provider_breaks_is_soon_alone_and_holds_no_other(store: Store, clock: Clock) -> None:
    _complete(store, *(f"l-{number}" for number in range(99)), "poison")
    adapter = BreakingAdapter()
    rounds = 0
    while store.views.counts()["awards"].get("issued", 0) < 99:
        rounds += 1
        assert rounds < 60
        _work(store, adapter)
        clock.seconds += 61
    assert store.views.counts()["awards"] == {"issued": 99, "waiting": 1}
    assert adapter.calls < 400
    _complete(store, "newcomer")
    clock.seconds += 61
    _work(store, adapter)
    for hour in range(5):  # from now on it fails by itself
        clock.seconds += 3600
        _complete(store, f"later-{hour}")
        _work(store, adapter)
        connection = store.connections.get("academy")
        assert connection is not None
        assert (connection.failures, connection.trouble) == (0, None)
    assert store.views.counts()["awards"] == {"issued": 105, "waiting": 1}


class HangingAdapter(BreakingAdapter):
    """A provider that takes requests and answers none."""

    name = "hanging"

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        self.calls += 1
        raise AmbiguousError("no answer came")

    def find(self, award: Award) -> IssuedBadge | None:
        self.calls += 1
        raise TemporaryError("no answer came")


def test_a_provider_that_hangs_is_left_alone_after_a_few_calls(store: Store, clock: Clock) -> None:
    _complete(store, *(f"l-{number}" for number in range(100)))
    adapter = HangingAdapter()
    _work(store, adapter)
    assert adapter.calls == 1
    connection = store.connections.get("academy")
    assert connection is not None
    assert connection.failures == 1
    for _ in range(10):
        clock.seconds += 61
        _work(store, adapter)
    assert adapter.calls == 11  # one probe after each rest
    store.connections.recover("academy")
    clock.seconds += 61
    _work(store, adapter)
    assert adapter.calls <= 11 + 3
    in_doubt = [award["id"] for award in store.views.awards(limit=1000) if award["in_doubt"]]
    assert len(in_doubt) <= 60


def _complete(store: Store, *learners: str) -> None:
    store.inbox.add([replace(EVENT, event_id=learner, learner_id=learner) for learner in learners], store.now())
    while decide_batch(store, Giving("t-1"), "acme", "decider"):
        pass


def _work(store: Store, adapter: Adapter) -> Any:
    while True:
        connection = store.connections.get("academy")
        assert connection is not None
        if connection.retry_at > store.now() or not send_batch(store, connection, adapter, "owner"):
            return


def _found(store: Store) -> Connection:
    connection = store.connections.get("academy")
    assert connection is not None
    return connection


def test_a_look_that_is_answered_ends_the_rest_of_its_connection(store: Store, clock: Clock) -> None:
    _complete(store, "rosa")
    adapter = BreakingAdapter()
    _work(store, HangingAdapter())
    (award,) = store.views.awards()
    adapter.made[str(award["id"])] = IssuedBadge("b-1", award["template_id"], "pending")
    assert _found(store).failures == 1
    clock.seconds += 61
    _work(store, adapter)
    assert store.views.counts()["awards"] == {"issued": 1}
    assert (_found(store).failures, _found(store).trouble) == (0, None)


def test_who_fails_after_another_has_got_through_waits_as_after_a_first_failure(store: Store, clock: Clock) -> None:
    _complete(store, "rosa")
    for _ in range(9):
        store.connections.rest("academy", clock(), lambda _: 60.0, "down")
        clock.seconds += 61
    used = _found(store)
    assert used.failures == 9
    store.connections.recover("academy")
    send_batch(store, used, HangingAdapter(), "late")
    assert _found(store).failures == 1
    assert _found(store).retry_at - clock() <= 1.0
