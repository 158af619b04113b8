from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from badgerelay.adapters.context import unhurried
from badgerelay.adapters.errors import OverBudgetError
from badgerelay.plugin.metrics.overview import budgets_left
from badgerelay.plugin.providers.rate_limits import calls_left, pace_of
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.store import Store, open_store
from badgerelay.plugin.store.connections.rate_windows import RateWindows
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.store.policy import ALM_RATE


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Iterator[Store]:
    made = Store(Database(settings.database_url), open_vault(settings), clock)
    yield made
    made.close()


def connection(store: Store, **settings: Any) -> Any:
    store.connections.save("academy", "provider", "credly", "", settings, {}, store.now())
    return store.connections.get("academy")


def paced(store: Store, clock: Clock, patience: float = 0.0, **settings: Any) -> Callable[[], None]:
    return pace_of(store, connection(store, **settings), patience=patience, sleep=clock.sleep)


def calls_until_refused(pace: Callable[[], None]) -> int:
    for number in range(10_000):
        try:
            pace()
        except OverBudgetError:
            return number
    raise AssertionError("never refused")


def test_a_provider_is_called_20_times_a_second_by_default(store: Store, clock: Clock) -> None:
    assert calls_until_refused(paced(store, clock)) == 20
    clock.seconds += 2.0
    assert calls_until_refused(paced(store, clock)) == 20


def test_alm_is_asked_500_times_an_hour_by_default(store: Store, clock: Clock) -> None:
    store.connections.save("acme", "source", "alm", "", {}, {}, clock())
    acme = store.connections.get("acme")
    assert acme is not None
    pace = pace_of(store, acme, default_rate=ALM_RATE, patience=0.0, sleep=clock.sleep)
    assert calls_until_refused(pace) == 500
    assert calls_left(store, acme, default_rate=ALM_RATE) == 0
    clock.seconds += 3600
    for _ in range(250):
        pace()
    clock.seconds += 1800
    # The calls of half an hour ago still count.
    assert calls_left(store, acme, default_rate=ALM_RATE) == 250
    assert calls_until_refused(pace) == 250


def test_a_patient_caller_keeps_to_the_rate_over_time(store: Store, clock: Clock) -> None:
    pace = paced(store, clock, math.inf, rate="10/second")
    begun = clock()
    for _ in range(200):
        pace()
    assert 18.0 <= clock() - begun <= 22.0


def test_the_error_says_when_there_is_a_place_again(store: Store, clock: Clock) -> None:
    pace = paced(store, clock, rate="5/hour")
    assert calls_until_refused(pace) == 5
    with pytest.raises(OverBudgetError) as refused:
        pace()
    assert refused.value.retry_after is not None
    clock.seconds += refused.value.retry_after - 0.1
    with pytest.raises(OverBudgetError):
        pace()
    clock.seconds += 0.1
    pace()


def test_the_wait_is_right_within_a_window_too(store: Store, clock: Clock) -> None:
    pace = paced(store, clock, rate="6/minute")
    calls_until_refused(pace)
    clock.seconds += 61.0
    for _ in range(30):
        calls_until_refused(pace)
        with pytest.raises(OverBudgetError) as refused:
            pace()
        assert refused.value.retry_after is not None
        assert 0.0 < refused.value.retry_after < 61.0
        clock.seconds += refused.value.retry_after
        pace()


@pytest.mark.parametrize("back", [1.0, 29.0, 31.0, 1800.0, 3600.0, 86400.0 * 400])
def test_a_clock_that_steps_back_neither_blocks_calls_nor_gives_the_budget_away(
    store: Store, clock: Clock, back: float
) -> None:
    pace = paced(store, clock, rate="10/minute")
    calls_until_refused(pace)
    clock.seconds += 90.0
    assert calls_until_refused(pace) == 10
    clock.seconds -= back
    assert calls_until_refused(pace) == 0
    clock.seconds += 61.0 + min(back, 30.0)
    assert calls_until_refused(pace) == 10


def test_a_clock_that_jumps_ahead_and_is_put_right_again_blocks_nothing(store: Store, clock: Clock) -> None:
    pace = paced(store, clock, rate="10/minute")
    calls_until_refused(pace)
    clock.seconds += 86_400.0 * 365 * 20
    assert calls_until_refused(pace) == 10
    clock.seconds -= 86_400.0 * 365 * 20
    calls_until_refused(pace)
    clock.seconds += 125.0
    assert calls_until_refused(pace) == 10


def test_an_unlimited_rate_asks_no_database(store: Store) -> None:
    assert pace_of(store, connection(store, rate="unlimited")) is unhurried
    assert calls_left(store, connection(store, rate="unlimited")) is None


def test_an_administrators_call_is_made_beyond_the_rate_and_counted(store: Store, clock: Clock) -> None:
    pace = paced(store, clock, rate="2/minute")
    calls_until_refused(pace)
    academy = store.connections.get("academy")
    assert academy is not None
    clock.seconds += 30.0
    pace_of(store, academy, insist=True, sleep=clock.sleep)()
    assert clock.slept == 0.0
    clock.seconds += 40.0
    assert calls_until_refused(pace) == 1


def test_all_processes_share_one_rate(settings: Settings) -> None:
    stores = [open_store(settings) for _ in range(2)]
    academy = connection(stores[0], rate="40/minute")
    paces = [pace_of(store, academy, patience=0.0) for store in stores for _ in range(4)]
    got: list[int] = []
    threads = [threading.Thread(target=lambda pace=pace: got.append(calls_until_refused(pace))) for pace in paces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(got) == 40
    for store in stores:
        store.close()


def test_a_place_costs_one_short_transaction(settings: Settings) -> None:
    with_rate = open_store(settings)
    pace = pace_of(with_rate, connection(with_rate, rate="1000000/second"))
    pace()
    begun = time.monotonic()
    for _ in range(20):
        pace()
    assert (time.monotonic() - begun) / 20 < 0.05
    with_rate.close()


def test_a_database_that_does_not_answer_is_no_failure_of_the_provider(store: Store, clock: Clock) -> None:
    pace = paced(store, clock)
    with store.database.write() as transaction:
        transaction.exec_driver_sql("DROP TABLE budgets")
    with pytest.raises(OverBudgetError, match="database"):
        pace()


def test_what_is_left_of_each_rate_is_measured(store: Store, clock: Clock) -> None:
    pace = paced(store, clock)
    store.connections.save("acme", "source", "alm", "", {}, {}, clock())
    store.connections.save("free", "provider", "credly", "", {"rate": "unlimited"}, {}, clock())
    pace()
    assert budgets_left(store) == {"academy": 19.0, "acme": 500.0}


steps = st.lists(st.tuples(st.floats(0.0, 90.0), st.integers(1, 6), st.sampled_from([0, 1])), max_size=40)


@hypothesis.settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, calls=st.integers(1, 12))
def test_no_window_ever_holds_more_calls_than_the_limit(
    store: Store, clock: Clock, steps: list[tuple[float, int, int]], calls: int
) -> None:
    clock.seconds += 10_000.0
    processes = [RateWindows(store.database, "academy", clock) for _ in range(2)]
    made: list[float] = []
    for seconds, attempts, process in steps:
        clock.seconds += seconds
        for _ in range(attempts):
            wait = processes[process].take("rate", calls, 60.0)
            if wait == 0.0:
                made.append(clock.seconds)
            else:
                assert 0.0 < wait <= 60.0
    for begun in made:
        assert sum(begun <= at < begun + 60.0 for at in made) <= calls


@hypothesis.settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, burst=st.integers(1, 12))
def test_spaced_calls_never_exceed_a_burst_and_one_call_an_interval(
    store: Store, clock: Clock, steps: list[tuple[float, int, int]], burst: int
) -> None:
    clock.seconds += 10_000.0
    processes = [RateWindows(store.database, "academy", clock) for _ in range(2)]
    made: list[float] = []
    for seconds, attempts, process in steps:
        clock.seconds += seconds
        for _ in range(attempts):
            if processes[process].take_spaced("pace", 20.0, burst) == 0.0:
                made.append(clock.seconds)
    for first, begun in enumerate(made):
        for last in range(first, len(made)):
            assert last - first + 1 <= burst + (made[last] - begun) / 20.0 + 1e-6


def test_a_wait_is_at_most_a_twentieth_of_the_window_too_long(store: Store, clock: Clock) -> None:
    windows = RateWindows(store.database, "academy", clock)
    made: list[float] = []
    for _ in range(200):
        while (wait := windows.take("rate", 10, 60.0)) > 0.0:
            clock.seconds += wait
        made.append(clock.seconds)
        clock.seconds += 2.0
    assert (made[-1] - made[0]) / 60.0 == pytest.approx(199 / 10, rel=0.06)
