"""What a rate, a stopped connection and a batch size mean on the way to the provider, over real HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import requests

from badgerelay.adapters.base import Adapter
from badgerelay.adapters.context import Context
from badgerelay.adapters.errors import AmbiguousError, ConfigurationError, OverBudgetError
from badgerelay.plugin.delivery.send import batch_size, send_batch
from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.providers.pool import make_adapter
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.sources.alm.decide.conclude import BUDGET_USED_UP
from badgerelay.plugin.sources.alm.decide.source import AlmSource
from badgerelay.plugin.sources.decisions import Earns
from badgerelay.plugin.store import Connection, NewEvent, Plan, Store
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.store.policy import PolicySettings

from ...support import TEMPLATE, TOKEN, calls, completion, connect_alm, connect_credly, counts, due_lanes, set_faults
from ..engine.test_engine import _knock

RECIPIENT: dict[str, str | None] = {
    "email": "rosa@example.org",
    "first_name": "Rosa",
    "last_name": "Lindqvist",
    "locale": None,
}
EVENT = NewEvent("", "my-lms", "e", "lane", "course_completed", "{}", learner_id="l", learning_object_id="c")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Iterator[Store]:
    made = Store(Database(settings.database_url), open_vault(settings), clock)
    yield made
    made.close()


def earn(store: Store, learners: int) -> None:
    class Source:
        def decide(self, events: Any) -> Any:
            plan = Plan("academy", TEMPLATE, RECIPIENT, store.now())
            people = [{**RECIPIENT, "email": f"{row.learner_id}@example.org"} for row in events]
            yield [
                (row, Earns((replace(plan, recipient=who),), "told")) for row, who in zip(events, people, strict=True)
            ]

    store.inbox.add([replace(EVENT, event_id=f"e-{n}", learner_id=f"l-{n}") for n in range(learners)], store.now())
    while decide_batch(store, Source(), "lane", "decider"):
        pass


def academy(store: Store) -> Connection:
    found = store.connections.get("academy")
    assert found is not None
    return found


def send(store: Store, adapter: Adapter | None = None) -> int:
    made = adapter or make_adapter(store, academy(store))
    try:
        return send_batch(store, academy(store), made, "worker")
    finally:
        made.close()


def states(store: Store) -> dict[str, int]:
    return store.views.counts()["awards"]


def test_a_used_up_rate_lets_the_connection_wait_and_is_no_failure(
    store: Store, clock: Clock, serve_app: Callable[..., str]
) -> None:
    url = serve_app("credly")
    connect_credly(store, url, rate="4/hour", max_batch="1")  # the check asks once
    earn(store, 5)
    while send(store):
        if academy(store).retry_at > clock():
            break
    assert states(store) == {"issued": 3, "waiting": 1, "planned": 1}
    waits = academy(store)
    assert (waits.failures, waits.trouble, waits.stopped) == (0, None, None)
    assert waits.retry_at > clock() + 600
    assert due_lanes(store, "send", clock()) == []
    asked = sum(calls(url).values())
    clock.seconds = waits.retry_at
    assert due_lanes(store, "send", clock()) == ["academy"]
    assert send(store) == 1
    assert states(store)["issued"] == 4
    assert sum(calls(url).values()) == asked + 1


def test_after_a_used_up_rate_whole_batches_go_on(store: Store, clock: Clock, serve_app: Callable[..., str]) -> None:
    connect_credly(store, serve_app("credly"), rate="1/hour")
    earn(store, 5)
    assert send(store) == 5
    assert states(store) == {"waiting": 5}
    clock.seconds = academy(store).retry_at
    assert send(store) == 5
    assert states(store) == {"issued": 5}


def test_an_award_in_doubt_stays_so_while_the_rate_is_used_up(
    store: Store, clock: Clock, serve_app: Callable[..., str]
) -> None:
    url = serve_app("credly")
    connect_credly(store, url, rate="2/hour")
    earn(store, 1)
    set_faults(url, "lost=#1")
    assert send(store) == 1
    set_faults(url, "")
    (award,) = store.views.awards()
    assert award["in_doubt"]
    clock.seconds = award["due_at"]
    assert send(store) == 1
    (award,) = store.views.awards()
    assert (award["state"], bool(award["in_doubt"])) == ("waiting", True)
    for _ in range(10):
        clock.seconds = max(academy(store).retry_at, store.views.awards()[0]["due_at"]) + 1
        send(store)
    assert states(store) == {"issued": 1}
    assert counts(url)["total"] == 1


def test_a_batch_is_no_larger_than_max_batch(store: Store, serve_app: Callable[..., str]) -> None:
    connect_credly(store, serve_app("credly"), max_batch=3)
    earn(store, 7)
    assert [send(store), send(store), send(store), send(store)] == [3, 3, 1, 0]
    assert states(store) == {"issued": 7}


def test_a_batch_is_no_larger_than_the_provider_takes_whatever_was_saved(store: Store) -> None:
    plain = {"max_batch": 1000}
    store.connections.save("academy", "provider", "credly", "", plain, {}, store.now())

    class Small:
        class capabilities:  # noqa: N801 (as adapters call it)
            max_batch = 5

    assert batch_size(academy(store), Small()) == 5  # type: ignore[arg-type]  # all that is asked of it


def test_the_adapter_is_handed_its_own_settings_alone(store: Store, serve_app: Callable[..., str]) -> None:
    policy: dict[str, Any] = {"rate": "5/second", "award_limit": "7/hour", "max_age": "3 days", "max_batch": 2}
    connect_credly(store, serve_app("credly"), **policy)
    assert policy.items() <= academy(store).settings.items()
    adapter = make_adapter(store, academy(store))
    assert not set(adapter.settings) & set(PolicySettings().fields)


def test_refused_credentials_stop_the_connection_at_once_and_keep_its_awards(
    store: Store, clock: Clock, serve_app: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    url = serve_app("credly")
    connect_credly(store, url)
    earn(store, 60)
    requests.post(f"{url}/_sandbox/tokens", json={"token": TOKEN, "replacement": "new"}, timeout=5)
    with caplog.at_level(logging.ERROR):
        send(store)
    assert "connection academy is stopped" in caplog.text
    assert academy(store).stopped == "the token is not accepted"
    assert states(store) == {"waiting": 50, "planned": 10}
    assert due_lanes(store, "send", clock()) == []
    connect_credly(store, url, token="new")
    assert academy(store).stopped is None
    while send(store):
        pass
    assert states(store) == {"issued": 60}


class Scripted(Adapter):
    """Answers look-ups with these errors, one after the other."""

    name = "scripted"

    def __init__(self, capabilities: Any, errors: list[Exception]) -> None:
        super().__init__({}, Context("academy", None, None, None))  # type: ignore[arg-type]  # it needs none
        self.capabilities = capabilities  # type: ignore[misc]  # of this one
        self.errors = errors
        self.calls: list[str] = []

    def check(self) -> Any: ...

    def templates(self) -> Any: ...

    def issue(self, awards: Any) -> Any:
        self.calls.append(f"issue {len(awards)}")
        raise self.errors.pop(0)

    def find(self, award: Any) -> Any:
        self.calls.append("find")
        raise self.errors.pop(0)


@pytest.mark.parametrize("error", [ConfigurationError("no", setting="token"), OverBudgetError("no", retry_after=9.0)])
def test_what_concerns_the_connection_ends_the_batch_without_another_call(
    store: Store, clock: Clock, error: Exception
) -> None:
    from badgerelay.adapters.base import Capabilities

    store.connections.save("academy", "provider", "credly", "", {}, {}, clock())
    earn(store, 4)
    adapter = Scripted(Capabilities(max_batch=50), [AmbiguousError("?"), error])
    send(store, adapter)
    clock.seconds += 700
    send(store, adapter)
    assert adapter.calls == ["issue 4", "find"]
    rows = store.views.awards()
    assert {(row["state"], bool(row["in_doubt"])) for row in rows} == {("waiting", True)}


def alm_events(store: Store) -> Mapping[str, int]:
    return store.views.counts()["events"]


def test_events_wait_for_alms_rate_and_what_is_cached_goes_on(
    store: Store, clock: Clock, serve_app: Callable[..., str]
) -> None:
    connect_credly(store, serve_app("credly"), max_age="unlimited")
    # Two calls are the check's, one is for the badge, one for the learner.
    connect_alm(store, serve_app("alm"), rate="4/hour", max_age="unlimited")
    source = AlmSource(store, "acme")
    _knock(store, completion("15300721", eventId="first"))
    decide_batch(store, source, "acme", "decider")
    assert alm_events(store) == {"done": 1}
    unknown = [completion(str(15300722 + n), eventId=f"u-{n}") for n in range(3)]
    _knock(store, *unknown)
    decide_batch(store, source, "acme", "decider")
    assert alm_events(store) == {"done": 1, "waiting": 3}
    waiting = store.views.events(state="waiting")
    assert {event["reason"] for event in waiting} == {BUDGET_USED_UP}
    acme = store.connections.get("acme")
    assert acme is not None
    assert (acme.failures, acme.trouble, acme.retry_at) == (0, None, 0.0)
    _knock(store, completion("15300721", eventId="cached"))
    assert due_lanes(store, "decide", clock()) == ["acme"]
    decide_batch(store, source, "acme", "decider")
    assert alm_events(store) == {"done": 2, "waiting": 3}
    for _ in range(20):
        clock.seconds += 900
        decide_batch(store, source, "acme", "decider")
    assert alm_events(store) == {"done": 5}
