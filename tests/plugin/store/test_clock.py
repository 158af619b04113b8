"""The time that never goes back."""

from __future__ import annotations

from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import open_store
from badgerelay.plugin.store.history import Change, record
from badgerelay.plugin.store.steady_clock import LARGEST_STEP_SECONDS, SteadyClock

HOUR = 3600.0


class Machine:
    def __init__(self) -> None:
        self.wall, self.monotonic = 1_800_000_000.0, 50.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.monotonic)


def test_time_goes_on_where_the_clock_steps_back() -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock()
    machine.wall -= HOUR
    machine.pass_(5)
    assert clock() == before + 5
    machine.pass_(HOUR)
    assert clock() == before + 5 + HOUR
    machine.wall += HOUR  # and it was set right again
    assert clock() == machine.wall


def test_a_step_forward_is_followed_and_so_is_one_of_more_than_a_day() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += HOUR
    assert clock() == machine.wall
    machine.wall -= LARGEST_STEP_SECONDS + HOUR
    assert clock() == machine.wall


def test_who_starts_after_the_step_goes_on_from_the_time_of_the_others() -> None:
    machine = Machine()
    old = machine.clock()
    machine.wall -= HOUR
    new = machine.clock()
    new.not_before(old())
    machine.pass_(2)
    assert new() == old()
    new.not_before(old() - 10)
    assert new() == old()
    new.not_before(machine.wall + 2 * LARGEST_STEP_SECONDS)
    assert new() == old()


def test_a_store_that_is_opened_after_the_step_knows_the_time_from_the_database(settings: Settings) -> None:
    store = open_store(settings)
    ahead = store.now() + HOUR
    store.heartbeat.beat(ahead)
    store.close()
    again = open_store(settings)
    assert ahead <= again.now() < ahead + 60
    again.keep_time()
    assert again.heartbeat.last() >= ahead
    again.close()


def test_the_newest_line_of_the_history_tells_the_time_too(settings: Settings) -> None:
    store = open_store(settings)
    ahead = store.now() + HOUR
    with store.database.write() as connection:
        record(connection, [Change(ahead, "acme", "c" * 32, "received", "COURSE_COMPLETED", event_id=1)])
    store.close()
    again = open_store(settings)
    assert ahead <= again.now() < ahead + 60
    again.close()
