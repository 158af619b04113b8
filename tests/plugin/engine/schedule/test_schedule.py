"""The schedule's rows and what tends to them: once, whoever else is there, and again after a failure."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.adapters.errors import ConfigurationError, OverBudgetError, TemporaryError
from badgerelay.plugin.engine.assembly import make_work
from badgerelay.plugin.engine.lanes import Lane
from badgerelay.plugin.engine.schedule.periodic_task import Task, arrange
from badgerelay.plugin.engine.schedule.run_task import tend
from badgerelay.plugin.store import Store, StoreUnavailableError
from badgerelay.plugin.store import shared_clock as heartbeat
from badgerelay.plugin.store.leases import LEASE_SECONDS, renew
from badgerelay.plugin.store.schema.tables import schedule

from ....support import due_lanes
from .conftest import Clock, Deed

HOUR = 3600.0


def row(store: Store, name: str = "academy") -> Any:
    return next(each for each in store.schedule.all() if each.connection == name)


def due(store: Store, task: Task) -> list[str]:
    return due_lanes(store, "tend", store.now(), tasks=[task.name])


def make_due(store: Store, clock: Clock, task: Task) -> None:
    arrange(store, [task])
    clock.seconds = max(clock.seconds, row(store).due_at)


def do(store: Store, task: Task, owner: str = "me") -> bool:
    return tend(store, {task.name: task}, "academy", owner)


def raising(error: Exception) -> Any:
    def act() -> str:
        raise error

    return act


def test_a_new_connection_has_its_turn_after_half_its_interval_to_the_whole(
    store: Store, clock: Clock, task: Task
) -> None:
    for number in range(20):
        store.connections.save(f"c-{number}", "provider", "credly", "", {}, {}, clock())
    arrange(store, [task])
    waits = {each.due_at - clock() for each in store.schedule.all()}
    assert len(waits) == 21
    assert HOUR / 2 <= min(waits) <= max(waits) <= HOUR
    before = store.schedule.all()
    arrange(store, [task])
    assert store.schedule.all() == before


def test_a_task_is_done_when_it_is_due_and_says_what_came_of_it(
    store: Store, clock: Clock, task: Task, deed: Deed
) -> None:
    arrange(store, [task])
    assert due(store, task) == []
    assert not do(store, task)
    make_due(store, clock, task)
    assert due(store, task) == ["academy"]
    assert do(store, task)
    done = row(store)
    assert (done.outcome, done.said, done.attempts, done.lease_owner) == ("done", "well", 0, None)
    assert done.began_at == done.ended_at == done.done_at == clock()
    assert 0.9 * HOUR <= done.due_at - clock() <= 1.1 * HOUR
    assert not do(store, task)
    assert deed.runs == ["academy"]


def test_of_many_that_come_at_once_one_does_it(store: Store, clock: Clock, task: Task, deed: Deed) -> None:
    make_due(store, clock, task)
    barrier = threading.Barrier(8)
    done: list[bool] = []

    def come(number: int) -> None:
        barrier.wait()
        done.append(do(store, task, f"owner-{number}"))

    threads = [threading.Thread(target=come, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 7 + [True]
    assert deed.runs == ["academy"]


def test_what_a_crash_left_behind_is_done_when_its_lease_ends(
    store: Store, clock: Clock, task: Task, deed: Deed
) -> None:
    make_due(store, clock, task)
    assert store.schedule.claim("academy", [task.name], "dead", clock()) is not None
    clock.seconds += LEASE_SECONDS - 1
    assert not do(store, task)
    clock.seconds += 1
    assert do(store, task)
    assert deed.runs == ["academy"]


def test_a_long_run_is_renewed_and_nobody_else_begins_it(store: Store, clock: Clock, task: Task) -> None:
    make_due(store, clock, task)
    store.schedule.claim("academy", [task.name], "slow", clock())
    clock.seconds += LEASE_SECONDS - 1
    with store.database.write() as transaction:
        renew(transaction, ["slow"], clock())
    clock.seconds += LEASE_SECONDS - 1
    assert due(store, task) == []


def test_an_outcome_after_the_lease_was_lost_is_left_to_its_new_owner(store: Store, clock: Clock, task: Task) -> None:
    make_due(store, clock, task)
    slow = store.schedule.claim("academy", [task.name], "slow", clock())
    assert slow is not None
    clock.seconds += LEASE_SECONDS
    store.schedule.claim("academy", [task.name], "next", clock())
    assert not store.schedule.settle(slow, "done", "late", clock() + HOUR, clock())
    assert (row(store).lease_owner, row(store).outcome) == ("next", None)


@pytest.mark.parametrize(
    "error", [TemporaryError("away"), ConfigurationError("wrong", setting="token"), KeyError("x")]
)
def test_a_failure_is_kept_and_tried_again_later_each_time_and_the_connection_works_on(
    store: Store, clock: Clock, task: Task, deed: Deed, error: Exception
) -> None:
    deed.act = raising(error)
    waits = []
    for _ in range(12):
        make_due(store, clock, task)
        assert do(store, task)
        waits.append(row(store).due_at - clock())
    failed = row(store)
    assert (failed.outcome, failed.attempts, failed.done_at) == ("failed", 12, None)
    assert ("away" in failed.said) or ("wrong" in failed.said) or ("KeyError" in failed.said)
    assert waits[0] <= 30.0
    assert HOUR / 10 <= waits[-1] <= HOUR
    academy = store.connections.get("academy")
    assert academy is not None
    assert (academy.failures, academy.retry_at) == (0, 0.0)
    deed.act = lambda: "again"
    make_due(store, clock, task)
    do(store, task)
    assert (row(store).attempts, row(store).outcome, row(store).said) == (0, "done", "again")


def test_a_rate_that_is_used_up_is_no_failure(store: Store, clock: Clock, task: Task, deed: Deed) -> None:
    deed.act = raising(OverBudgetError("used up", retry_after=120.0))
    make_due(store, clock, task)
    do(store, task)
    waiting = row(store)
    assert (waiting.outcome, waiting.attempts) == ("waits", 0)
    assert 120 <= waiting.due_at - clock() <= 180


def test_what_the_provider_asks_for_is_honoured(store: Store, clock: Clock, task: Task, deed: Deed) -> None:
    deed.act = raising(TemporaryError("busy", retry_after=2000.0))
    make_due(store, clock, task)
    do(store, task)
    assert row(store).due_at - clock() >= 2000


def test_a_database_that_is_away_leaves_the_task_to_its_lease(
    store: Store, clock: Clock, task: Task, deed: Deed
) -> None:
    deed.act = raising(StoreUnavailableError("gone"))
    make_due(store, clock, task)
    with pytest.raises(StoreUnavailableError):
        do(store, task)
    assert row(store).lease_owner == "me"
    clock.seconds += LEASE_SECONDS
    assert due(store, task) == ["academy"]


def test_nothing_is_done_for_a_paused_or_resting_connection(
    store: Store, clock: Clock, task: Task, deed: Deed
) -> None:
    make_due(store, clock, task)
    store.connections.pause(["academy"], clock())
    assert due(store, task) == []
    assert not do(store, task)
    store.connections.resume(["academy"], clock())
    store.connections.open_circuit("academy", clock(), lambda _: 60.0, "away")
    assert due(store, task) == []
    clock.seconds += 60
    assert due(store, task) == ["academy"]
    assert deed.runs == []


def test_a_new_interval_counts_at_once_and_off_ends_it(store: Store, clock: Clock, task: Task) -> None:
    def arranged(**settings: Any) -> Any:
        store.connections.save("academy", "provider", "credly", "", settings, {}, clock())
        arrange(store, [task])
        return store.schedule.all()

    (hourly,) = arranged()
    (often,) = arranged(every=60.0)
    assert often.due_at - clock() <= 60.0
    (rarely,) = arranged(every=86400.0)
    assert rarely.due_at == often.due_at
    assert (hourly.id, often.id) == (often.id, rarely.id)
    assert arranged(every=None) == []
    (again,) = arranged()
    assert again.due_at > clock()


def test_a_task_of_another_version_is_neither_done_nor_removed(store: Store, clock: Clock, task: Task) -> None:
    newer = replace(task, name="newer")
    arrange(store, [newer])
    clock.seconds += HOUR
    arrange(store, [task])
    assert {each.task for each in store.schedule.all()} == {"newer", "sweep"}
    assert due(store, task) == []
    assert not do(store, task)


def test_a_removed_connection_takes_its_rows_with_it(store: Store, clock: Clock, task: Task) -> None:
    make_due(store, clock, task)
    claimed = store.schedule.claim("academy", [task.name], "me", clock())
    assert claimed is not None
    store.connections.remove("academy")
    assert not store.schedule.settle(claimed, "done", "well", clock() + HOUR, clock())
    arrange(store, [task])
    assert store.schedule.all() == []


def test_only_the_wanted_connections_are_tended(store: Store, clock: Clock, task: Task) -> None:
    wanted: set[str] = set()
    chosen = replace(task, only=lambda _store: wanted)
    arrange(store, [chosen])
    assert store.schedule.all() == []
    wanted.add("academy")
    arrange(store, [chosen])
    assert len(store.schedule.all()) == 1


def test_what_is_called_is_due_now_unless_it_is_being_done(store: Store, clock: Clock, task: Task) -> None:
    arrange(store, [task])
    store.schedule.call(("academy", "sweep"), clock())
    assert due(store, task) == ["academy"]
    store.schedule.claim("academy", [task.name], "me", clock())
    leased = row(store).due_at
    store.schedule.call(("academy", "sweep"), clock())
    assert row(store).due_at == leased
    store.schedule.call(("nobody", "sweep"), clock())


def test_new_settings_let_a_failed_task_be_tried_at_once(store: Store, clock: Clock, task: Task, deed: Deed) -> None:
    deed.act = raising(ConfigurationError("wrong"))
    make_due(store, clock, task)
    do(store, task)
    assert due(store, task) == []
    store.connections.save("academy", "provider", "credly", "", {"rate": "1/second"}, {}, clock())
    assert due(store, task) == ["academy"]


def test_a_clock_that_steps_back_takes_the_schedule_with_it(
    store: Store, clock: Clock, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "PATIENCE_SECONDS", 0.0)
    store.heartbeat.beat(clock())
    make_due(store, clock, task)
    with store.database.write() as transaction:
        transaction.execute(sa.update(schedule).values(due_at=clock() + HOUR))
    store.heartbeat.beat(clock())
    clock.seconds -= 2 * HOUR
    store.heartbeat.beat(clock())
    assert row(store).due_at == pytest.approx(clock() + HOUR)


def test_a_host_that_leaves_the_work_to_others_tends_to_nothing(store: Store, clock: Clock) -> None:
    for hosts_only, lanes in ((True, []), (False, [Lane("tend", "academy")])):
        work = make_work(store, {}, hosts_only=hosts_only)
        work.due()
        clock.seconds += HOUR
        assert work.due() == lanes


def test_arranging_opens_no_secret(store: Store, task: Task) -> None:
    with store.database.write() as transaction:
        transaction.execute(sa.text("UPDATE connections SET secrets = 'sealed with another key'"))
    arrange(store, [task])
    assert json.dumps([each.connection for each in store.schedule.all()]) == '["academy"]'
