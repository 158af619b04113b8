from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from marshmallow import Schema

from badgerelay.adapters.base import Adapter, Capabilities
from badgerelay.adapters.context import Context
from badgerelay.adapters.errors import AdapterError, AmbiguousError, OverBudgetError, TemporaryError
from badgerelay.adapters.values import Account, Award, BadgeTemplate, IssuedBadge, Outcome
from badgerelay.plugin.delivery.send import send_batch
from badgerelay.plugin.engine.assembly import make_work
from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.engine.lanes import Lane
from badgerelay.plugin.providers.guarded_adapter import Contained
from badgerelay.plugin.providers.pool import Providers
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.store import Connection, Store
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.store.ledger.bulk_repair import Chosen

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
        store.connections.open_circuit("academy", clock(), lambda _: 60.0, "down")
        clock.seconds += 61
    used = _found(store)
    assert used.failures == 9
    store.connections.recover("academy")
    send_batch(store, used, HangingAdapter(), "late")
    assert _found(store).failures == 1
    assert _found(store).retry_at - clock() <= 1.0


class ScriptedAdapter(BreakingAdapter):
    """A provider that answers as scripted, then well; ``meanwhile`` runs during each call.

    :ivar look_ups: what it answers to those. :ivar found: how many there were.
    """

    name = "scripted"
    capabilities = Capabilities(max_batch=2)

    def __init__(self, *scripted: Outcome) -> None:
        super().__init__()
        self.scripted = list(scripted)
        self.look_ups: list[Outcome | None] = []
        self.found = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        outcomes = super().issue(awards)
        self.meanwhile()
        scripted, self.scripted = self.scripted[: len(awards)], self.scripted[len(awards) :]
        return [*scripted, *outcomes[len(scripted) :]]

    def find(self, award: Award) -> IssuedBadge | None:
        super().find(award)
        self.meanwhile()
        self.found += 1
        answer = self.look_ups.pop(0) if self.look_ups else None
        if isinstance(answer, AdapterError):
            raise answer
        return answer


BUSY = TemporaryError("slowly", retry_after=120.0)


def _leave_in_doubt(store: Store, clock: Clock, *learners: str) -> None:
    """Awards that may have been issued, of a connection that works again a minute later."""
    _complete(store, *learners)
    send_batch(store, _found(store), ScriptedAdapter(*[AmbiguousError("?")] * len(learners)), "worker")
    clock.seconds += 61
    store.connections.recover("academy")


def test_a_wait_that_the_provider_asked_for_holds_though_others_went_through(store: Store, clock: Clock) -> None:
    _complete(store, "rosa", "omar")
    send_batch(store, _found(store), ScriptedAdapter(IssuedBadge("b-1", "t-1", "pending"), BUSY), "worker")
    assert store.views.counts()["awards"] == {"issued": 1, "waiting": 1}
    assert (_found(store).failures, _found(store).retry_at >= clock() + 120.0) == (0, True)


def test_a_look_that_is_told_to_wait_ends_the_batch(store: Store, clock: Clock) -> None:
    _leave_in_doubt(store, clock, "rosa", "omar")
    _complete(store, "lena")
    adapter = ScriptedAdapter()
    adapter.look_ups = [BUSY]
    send_batch(store, _found(store), adapter, "worker")
    assert adapter.calls == 1
    assert _found(store).retry_at >= clock() + 120.0
    assert sorted(award["attempts"] for award in store.views.awards()) == [0, 1, 2]  # who was not asked counts none


@pytest.mark.parametrize("wait", [BUSY, OverBudgetError("the rate is used up", retry_after=120.0)])
def test_what_is_not_there_needs_no_second_look_after_a_wait(
    store: Store, clock: Clock, wait: TemporaryError
) -> None:
    _leave_in_doubt(store, clock, "rosa", "omar")
    adapter = ScriptedAdapter()
    adapter.look_ups = [None, wait]
    send_batch(store, _found(store), adapter, "worker")
    assert sorted(award["in_doubt"] for award in store.views.awards()) == [False, True]
    clock.seconds += 122
    _work(store, adapter)
    assert store.views.counts()["awards"] == {"issued": 2}
    assert adapter.found == 3


def test_a_rest_that_began_since_is_not_ended_by_an_older_success(store: Store, clock: Clock) -> None:
    _complete(store, "rosa")
    store.connections.open_circuit("academy", clock(), lambda _: 1.0, "down")
    clock.seconds += 2
    used = _found(store)
    store.connections.open_circuit("academy", clock(), lambda _: 120.0, "slowly")
    send_batch(store, used, ScriptedAdapter(), "worker")
    assert store.views.counts()["awards"] == {"issued": 1}
    assert _found(store).retry_at == clock() + 120.0


def test_a_pause_stops_a_batch_under_way(store: Store, clock: Clock) -> None:
    _leave_in_doubt(store, clock, "rosa", "omar")
    adapter = ScriptedAdapter()
    adapter.meanwhile = lambda: store.connections.pause(["academy"], clock())
    send_batch(store, _found(store), adapter, "worker")
    assert adapter.calls == 2  # the look-ups
    assert {award["held_for"] for award in store.views.awards()} == {"pause"}
    store.connections.resume(["academy"], clock())
    clock.seconds += 61
    _work(store, ScriptedAdapter())
    assert store.views.counts()["awards"] == {"issued": 2}


def test_a_batch_says_after_each_call_that_it_lives(store: Store, clock: Clock) -> None:
    _leave_in_doubt(store, clock, "rosa", "omar")
    steps: list[int] = []
    adapter = ScriptedAdapter()
    send_batch(store, _found(store), adapter, "worker", alive=lambda: steps.append(adapter.calls))
    assert steps[:2] == [1, 2]
    assert steps[-1] == adapter.calls


class RevokingAdapter(ScriptedAdapter):
    name = "revoking"
    capabilities = Capabilities(max_batch=2, can_revoke=True)
    revoked = 0

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        self.revoked += 1
        return IssuedBadge(badge_id, "t-1", "revoked")


def test_a_provider_that_asks_for_a_wait_at_a_look_up_is_not_asked_to_revoke(store: Store, clock: Clock) -> None:
    _complete(store, "omar")
    _work(store, ScriptedAdapter())
    _leave_in_doubt(store, clock, "rosa")
    store.repair.revoke(Chosen(state="issued"), "by mistake", clock)
    adapter = RevokingAdapter()
    adapter.look_ups = [BUSY]
    send_batch(store, _found(store), adapter, "worker")
    assert (adapter.found, adapter.revoked) == (1, 0)
    assert _found(store).retry_at >= clock() + 120.0
    clock.seconds += 181
    _work(store, adapter)
    assert (adapter.revoked, store.views.counts()["awards"]) == (1, {"issued": 1, "revoked": 1})


class BlindAdapter(ScriptedAdapter):
    name = "blind"
    capabilities = Capabilities(max_batch=2, can_look_up=False, can_revoke=True)


def test_a_revocation_given_up_for_want_of_a_look_leaves_the_doubt(store: Store, clock: Clock) -> None:
    _complete(store, "rosa")
    send_batch(store, _found(store), BlindAdapter(AmbiguousError("?")), "worker")
    clock.seconds += 61
    store.connections.recover("academy")
    store.repair.revoke(Chosen(), "by mistake", clock)
    clock.seconds += 61
    adapter = BlindAdapter()
    _work(store, adapter)
    assert store.views.counts()["awards"] == {"rejected": 1}
    store.repair.retry(Chosen(state="rejected"), clock)
    clock.seconds += 61
    _work(store, adapter)
    assert store.views.counts()["awards"] == {"held": 1}
    assert adapter.calls == 0


def test_a_connection_that_fails_is_probed_by_one_call_at_a_time(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _complete(store, "rosa", "omar", "lena")
    store.connections.open_circuit("academy", clock(), lambda _: 1.0, "down")
    clock.seconds += 2
    work = make_work(store)
    adapter, lane, others = ScriptedAdapter(), Lane("send", "academy"), []

    def during() -> None:
        for number in range(3):
            others.append(work.do(lane, f"other-{number}", lambda _: None))

    adapter.meanwhile = during
    monkeypatch.setattr(Providers, "adapter", lambda _self, _connection: Contained(adapter))
    work.do(lane, "worker", lambda _: None)
    assert others == [False] * 3
    assert adapter.calls == 1
    adapter.meanwhile = lambda: None
    while work.do(lane, "worker", lambda _: None):
        pass
    assert store.views.counts()["awards"] == {"issued": 3}
