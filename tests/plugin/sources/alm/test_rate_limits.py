"""ALM's own limits: learned from its answers, shared by all processes, and never exceeded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from badgerelay.adapters.errors import OverBudgetError
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.sources.alm.api.connect import SPARE, client_of
from badgerelay.plugin.sources.alm.api.learning_objects import ask_object
from badgerelay.plugin.sources.alm.api.rate_headers import RateLimit
from badgerelay.plugin.sources.alm.api.rate_limits import ALL, KIND, ApiLimits
from badgerelay.plugin.store import Store, open_store
from badgerelay.plugin.store.connections.rate_windows import RateWindows
from badgerelay.plugin.store.database import Database

from ....support import connect_alm, connect_credly
from .conftest import Clock


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Iterator[Store]:
    made = Store(Database(settings.database_url), open_vault(settings), clock.now)
    yield made
    made.close()


def windows(store: Store) -> RateWindows:
    return RateWindows(store.database, "acme", store.now)


def at_once(store: Store, interval: float, burst: int, **how: Any) -> int:
    made = 0
    while windows(store).take_spaced("x", interval, burst, **how) == 0.0:
        made += 1
        assert made < 1000
    return made


def test_a_few_come_at_once_and_then_one_after_the_other(store: Store, clock: Clock) -> None:
    assert at_once(store, 4.0, 10) == 10
    wait = windows(store).take_spaced("x", 4.0, 10)
    assert wait == pytest.approx(4.0)
    clock.sleep(wait - 0.1)
    assert at_once(store, 4.0, 10) == 0
    clock.sleep(0.11)
    assert at_once(store, 4.0, 10) == 1
    clock.sleep(13.0)
    assert at_once(store, 4.0, 10) == 3
    clock.sleep(1000.0)
    assert at_once(store, 4.0, 10) == 10


def test_what_can_wait_leaves_a_part_of_a_burst_to_others(store: Store, clock: Clock) -> None:
    assert at_once(store, 60.0, 10, spare=2) == 8
    assert at_once(store, 60.0, 10) == 2
    assert at_once(store, 60.0, 10, spare=2) == 0
    clock.sleep(150.0)
    assert at_once(store, 60.0, 10, spare=2) == 0
    assert at_once(store, 60.0, 10) == 2


def test_who_insists_is_counted(store: Store, clock: Clock) -> None:
    assert at_once(store, 4.0, 2) == 2
    assert windows(store).take_spaced("x", 4.0, 2, insist=True) == 0.0
    clock.sleep(7.9)
    assert at_once(store, 4.0, 2) == 0
    clock.sleep(0.2)
    assert at_once(store, 4.0, 2) == 1


@pytest.mark.parametrize("back", [10.0, 3600.0, 86400.0 * 400])
def test_a_clock_that_steps_back_blocks_for_moments_at_most(store: Store, clock: Clock, back: float) -> None:
    at_once(store, 4.0, 2)
    clock.sleep(-back)
    clock.sleep(40.0)
    assert at_once(store, 4.0, 2) > 0


class Asked:
    """Records the paces that the limits create. :ivar named: their names, intervals and bursts."""

    def __init__(self) -> None:
        self.named: list[tuple[str, float, int]] = []

    def __call__(self, what: str, interval: float, burst: int) -> Callable[[], None]:
        return lambda: self.named.append((what, interval, burst))

    def of(self, limits: ApiLimits, kind: str) -> list[tuple[str, float, int]]:
        self.named.clear()
        limits.before(kind)
        return list(self.named)


def test_the_documented_limits_apply_until_alm_states_others(store: Store) -> None:
    asked = Asked()
    limits = ApiLimits(asked, store.cache("acme"), store.now)
    overall = (f"alm {ALL}", 1.0, 10)
    assert asked.of(limits, "GET users") == [("alm GET users", 1.0, 10), overall]
    objects = ("alm GET learningObjects", 4.0, 10)
    assert asked.of(limits, "GET learningObjects/instances") == [objects, overall]


def test_a_stated_limit_applies_to_all_of_a_kind_and_to_every_process(store: Store) -> None:
    asked = Asked()
    limits = ApiLimits(asked, store.cache("acme"), store.now)
    limits.learn("GET learningObjects/instances", RateLimit(30, 60.0, 5))
    limits.learn("GET users", RateLimit(120, 60.0, None))
    for each in (limits, ApiLimits(asked, store.cache("acme"), store.now)):
        assert asked.of(each, "GET learningObjects")[0] == ("alm GET learningObjects", 2.0, 5)
        assert asked.of(each, "GET users/userSkills") == [("alm GET users", 0.5, 1), (f"alm {ALL}", 0.5, 1)]
    limits.learn("GET learningObjects", RateLimit(15, 60.0, 5))
    assert asked.of(limits, "GET learningObjects/instances")[0] == ("alm GET learningObjects", 4.0, 5)
    assert len(store.cache("acme").all(KIND, newer_than=0.0)) == 3


def connected(store: Store, serve_app: Callable[..., str], **settings: Any) -> None:
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm", rate="60r/m", burst="3", rates="learningObjects=15r/m"), **settings)


def until_refused(ask: Callable[[], object]) -> tuple[int, float]:
    """Return the number of calls at once, and the seconds until the next."""
    for made in range(100):
        try:
            ask()
        except OverBudgetError as error:
            return made, error.retry_after or 0.0
    raise AssertionError("never refused")


def refused(store: Store) -> int:
    acme = store.connections.get("acme")
    assert acme is not None
    return int(requests.get(f"{acme.settings['host']}/_sandbox/requests", timeout=5).json()["refused"])


def test_several_processes_never_ask_too_often(settings: Settings, serve_app: Callable[..., str]) -> None:
    stores = [open_store(settings) for _ in range(3)]
    connected(stores[0], serve_app)
    errors: list[Exception] = []

    def ask(store: Store) -> None:
        acme = store.connections.get("acme")
        assert acme is not None
        client = client_of(store, acme, patience=60.0)
        try:
            for _ in range(2):
                client.learner("15300721")
            ask_object(client, "course:8801234")
        except Exception as error:
            errors.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=ask, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert refused(stores[0]) == 0
    for store in stores:
        store.close()


def test_a_long_wait_is_reported_instead_of_waited_for(settings: Settings, serve_app: Callable[..., str]) -> None:
    store = open_store(settings)
    connected(store, serve_app)
    acme = store.connections.get("acme")
    assert acme is not None
    client = client_of(store, acme, patience=0.0)
    made, wait = until_refused(lambda: ask_object(client, "course:8801234"))
    assert made < 20
    assert 0.0 < wait < 60.0
    assert refused(store) == 0
    client.close()
    store.close()


def test_an_unlimited_account_is_not_slowed_down(settings: Settings, serve_app: Callable[..., str]) -> None:
    store = open_store(settings)
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm"), rate="unlimited")
    acme = store.connections.get("acme")
    assert acme is not None
    client = client_of(store, acme, patience=0.0)
    for _ in range(30):
        client.learner("15300721")
    client.close()
    store.close()


def test_polls_leave_a_quarter_of_the_hour_to_completions(store: Store, serve_app: Callable[..., str]) -> None:
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm", rate="6000r/m", burst="1000"), rate="40/hour")
    acme = store.connections.get("acme")
    assert acme is not None

    def asks(spare: float) -> int:
        client = client_of(store, acme, patience=0.0, spare=spare)
        made, _ = until_refused(lambda: client.learner("15300721"))
        client.close()
        return made

    before = 2  # the check's
    assert asks(SPARE) == 30 - before
    assert asks(SPARE) == 0
    assert asks(0.0) == 10
