from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.store import Settled, Store, StoreUnavailableError
from badgerelay.plugin.store.history import changes_of
from badgerelay.plugin.store.leases import renew
from badgerelay.plugin.store.ledger.awards import LOOKUP_SECONDS
from badgerelay.plugin.store.ledger.bulk_repair import Chosen

from ...support import due_lanes
from .conftest import EVENT, Clock, Giving, live_on
from .test_inbox import in_threads

Earn = Callable[..., list[dict[str, Any]]]


def states(store: Store) -> dict[str, int]:
    return store.views.counts()["awards"]


def history(store: Store, award_id: int) -> list[tuple[str, str]]:
    with store.database.read() as connection:
        return [(change["state"], change["cause"]) for change in changes_of(connection, award_id=award_id)]


def test_an_award_is_planned_once_however_many_completions_earn_it(store: Store, clock: Clock) -> None:
    store.inbox.add([replace(EVENT, event_id=str(number)) for number in range(5)], clock())
    decide_batch(store, Giving("t-1"), "acme", "decider")
    (award,) = store.views.awards()
    assert (award["state"], award["learner_id"]) == ("planned", "15300721")
    reasons = [event["reason"] for event in store.views.events()]
    assert sorted(reasons) == ["already award 1"] * 4 + ["award 1"]


def test_threads_that_decide_at_once_plan_one_award(store: Store, clock: Clock) -> None:
    for number in range(40):
        store.inbox.add([replace(EVENT, event_id=str(number), lane=f"lane-{number % 8}")], clock())
    decided = [lambda n=n: decide_batch(store, Giving("t-1", "t-2"), f"lane-{n}", f"decider-{n}") for n in range(8)]
    assert in_threads(decided) == [None] * 8
    assert [award["template_id"] for award in store.views.awards()] in (["t-2", "t-1"], ["t-1", "t-2"])
    assert {event["state"] for event in store.views.events()} == {"done"}


@pytest.mark.parametrize("change", [{"source": "alm:9"}, {"learner_id": "l-2"}])
def test_another_learner_or_account_is_another_award(store: Store, clock: Clock, change: dict[str, Any]) -> None:
    store.inbox.add([EVENT, replace(EVENT, event_id="e-2", **change)], clock())
    decide_batch(store, Giving("t-1"), "acme", "decider")
    assert len(store.views.awards()) == 2


def test_two_claimers_never_get_the_same_award(store: Store, clock: Clock, earn: Earn) -> None:
    earn(120)
    taken: list[int] = []
    guard = threading.Lock()

    def claim(owner: str) -> None:
        while rows := store.ledger.claim("academy", owner, 7, clock()):
            with guard:
                taken.extend(row.id for row in rows)

    assert in_threads([lambda n=n: claim(f"owner-{n}") for n in range(6)]) == [None] * 6
    assert len(taken) == len(set(taken)) == 120
    assert states(store) == {"sending": 120}


def test_what_has_been_due_longest_goes_first(store: Store, clock: Clock, earn: Earn) -> None:
    earn(1, "t-late")
    clock.seconds += 1
    earn(2, "t-later")
    (row,) = store.ledger.claim("academy", "one", 1, clock())
    assert row.template_id == "t-late"


def test_an_award_whose_sender_died_comes_back_in_doubt(store: Store, clock: Clock, earn: Earn) -> None:
    earn()
    (row,) = store.ledger.claim("academy", "one", 10, clock())
    assert not row.in_doubt
    live_on(store, clock, 9.9)
    assert store.ledger.claim("academy", "two", 10, clock()) == []
    assert states(store) == {"sending": 1}
    clock.seconds += 0.2
    assert store.ledger.take_back(clock()) == 1
    assert store.ledger.claim("academy", "two", 10, clock()) == []  # the call that was cut off may still act
    clock.seconds += LOOKUP_SECONDS
    assert history(store, row.id)[-1] == ("waiting", "its worker is gone; looking before sending again")
    (again,) = store.ledger.claim("academy", "two", 10, clock())
    assert (again.id, again.in_doubt, again.attempts) == (row.id, True, 2)
    assert history(store, row.id)[-1] == ("sending", "attempt 2, looking at the provider first")


def test_a_renewed_lease_holds(store: Store, clock: Clock, earn: Earn) -> None:
    earn()
    store.ledger.claim("academy", "one", 10, clock())
    for _ in range(4):
        clock.seconds += 10
        with store.database.write() as connection:
            renew(connection, ["one", "nobody"], clock())
        assert store.ledger.take_back(clock()) == 0
        assert store.ledger.claim("academy", "two", 10, clock()) == []
    live_on(store, clock, 16)
    clock.seconds += LOOKUP_SECONDS
    assert len(store.ledger.claim("academy", "two", 10, clock())) == 1


@pytest.mark.parametrize("forward", [15.0, 3600.0])
def test_a_clock_set_forward_takes_nothing_from_a_worker_that_lives(
    store: Store, clock: Clock, earn: Earn, forward: float
) -> None:
    earn(2)
    store.heartbeat.beat(clock())
    (living,) = store.ledger.claim("academy", "one", 1, clock())
    store.ledger.claim("academy", "gone", 1, clock())
    clock.seconds += forward
    assert store.ledger.take_back(clock()) == 0
    store.heartbeat.beat(clock())
    assert store.ledger.take_back(clock()) == 0
    clock.seconds += 3.0
    with store.database.write() as connection:  # within RENEW_SECONDS
        renew(connection, ["one"], clock())
    taken = 0
    for _ in range(3):
        store.heartbeat.beat(clock())
        taken += store.ledger.take_back(clock())
        clock.seconds += 3.0
    assert taken == 1
    assert store.ledger.renew_leases([living], clock()) == [living]


def test_an_owner_that_lost_its_lease_settles_nothing(store: Store, clock: Clock, earn: Earn) -> None:
    earn()
    (late,) = store.ledger.claim("academy", "one", 10, clock())
    live_on(store, clock, 16)
    clock.seconds += LOOKUP_SECONDS
    (row,) = store.ledger.claim("academy", "two", 10, clock())
    before = history(store, row.id)
    store.ledger.settle([Settled(late, "rejected", "too late", notify="badge_rejected")], clock())
    assert (states(store), history(store, row.id)) == ({"sending": 1}, before)
    store.ledger.settle([Settled(row, "issued", "issued: badge b", badge_id="b", notify="badge_issued")], clock())
    store.ledger.settle([Settled(row, "waiting", "settled twice")], clock())
    (award,) = store.views.awards()
    assert (award["state"], award["badge_id"], award["reason"]) == ("issued", "b", None)


def test_texts_of_a_provider_that_no_database_keeps_are_kept_otherwise(
    store: Store, clock: Clock, earn: Earn
) -> None:
    earn(2)
    good, bad = store.ledger.claim("academy", "one", 10, clock())
    settled = [
        Settled(good, "issued", "issued", badge_id="b-1"),
        Settled(bad, "rejected", "no\x00t \ud800 " + "x" * 5000, badge_url="https://example.org/\udfff"),
    ]
    store.ledger.settle(settled, clock())
    store.connections.open_circuit("academy", clock(), lambda _: 1.0, "tr\x00ouble \ud800")
    assert states(store) == {"issued": 1, "rejected": 1}
    assert history(store, bad.id)[-1][1].startswith("no\ufffdt \ufffd xxx")


@pytest.mark.services
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_value_that_does_not_fit_is_not_taken_for_a_broken_database(store: Store, clock: Clock, earn: Earn) -> None:
    earn()
    (row,) = store.ledger.claim("academy", "one", 10, clock())
    with pytest.raises(sa.exc.DataError):
        store.ledger.settle([Settled(row, "issued", "issued", badge_id="b" * 300)], clock())
    assert not issubclass(sa.exc.DataError, StoreUnavailableError)


def test_pause_holds_what_is_due_and_resume_lets_it_go(store: Store, clock: Clock, earn: Earn) -> None:
    earn(3)
    (sent,) = store.ledger.claim("academy", "one", 1, clock())
    store.connections.pause(["academy"], clock())
    assert states(store) == {"sending": 1, "held": 2}
    assert due_lanes(store, "send", clock()) == []
    assert store.ledger.claim("academy", "two", 10, clock()) == []
    store.ledger.settle([Settled(sent, "waiting", "try again", clock())], clock())
    earn(2, "t-1", first=10)
    assert states(store) == {"waiting": 1, "held": 4}
    assert store.ledger.claim("academy", "two", 10, clock()) == []
    clock.seconds += 1000
    assert store.ledger.claim("academy", "two", 10, clock()) == []
    store.connections.resume(["academy"], clock())
    assert len(store.ledger.claim("academy", "two", 10, clock())) == 5
    held = next(award for award in store.views.awards() if award["id"] != sent.id)
    assert ("held", "the connection is paused") in history(store, held["id"])
    assert ("planned", "the connection was resumed") in history(store, held["id"])


def test_a_lapsed_lease_of_a_paused_connection_waits_for_the_end_of_the_pause(
    store: Store, clock: Clock, earn: Earn
) -> None:
    earn()
    store.ledger.claim("academy", "one", 1, clock())
    store.connections.pause(["academy"], clock())
    live_on(store, clock, 100)
    clock.seconds += LOOKUP_SECONDS
    assert store.ledger.claim("academy", "two", 1, clock()) == []
    store.connections.resume(["academy"], clock())
    (row,) = store.ledger.claim("academy", "two", 1, clock())
    assert row.in_doubt


def test_a_planner_and_a_pause_at_the_same_moment_leave_nothing_that_is_sent(store: Store, clock: Clock) -> None:
    for turn in range(5):
        names = [f"{turn}-{number}" for number in range(20)]
        store.inbox.add([replace(EVENT, event_id=name, learner_id=name) for name in names], clock())
        raised = in_threads(
            [
                lambda: decide_batch(store, Giving("t-1"), "acme", "decider"),
                lambda: store.connections.pause(["academy"], clock()),
            ]
        )
        assert raised == [None, None]
        assert set(states(store)) == {"held"}
        store.connections.resume(["academy"], clock())


def test_a_change_by_hand_writes_history_and_keeps_the_doubt(store: Store, clock: Clock, earn: Earn) -> None:
    earn(2)
    row, other = store.ledger.claim("academy", "one", 10, clock())
    settled = [
        Settled(row, "dead", "given up", in_doubt=True, notify="badge_rejected"),
        Settled(other, "issued", "issued", badge_id="b"),
    ]
    store.ledger.settle(settled, clock())
    assert store.repair.retry(Chosen(ids=(row.id, other.id)), clock) == 1
    assert history(store, row.id)[-1] == ("planned", "retried by an administrator")
    assert history(store, other.id)[-1] == ("issued", "issued")
    assert store.ledger.claim("academy", "two", 10, clock()) == [], "the call of a moment ago may still act"
    clock.seconds += LOOKUP_SECONDS
    (again,) = store.ledger.claim("academy", "two", 10, clock())
    assert again.in_doubt


def test_a_removed_connection_takes_no_award_with_it(store: Store, clock: Clock, earn: Earn) -> None:
    earn(2)
    store.connections.remove("academy")
    assert due_lanes(store, "send", clock()) == []
    assert states(store) == {"planned": 2}
    store.connections.save("academy", "provider", "credly", "", {}, {}, clock())
    assert due_lanes(store, "send", clock()) == ["academy"]


def test_notices_are_leased_and_told_again_until_done(store: Store, clock: Clock) -> None:
    store.inbox.add([replace(EVENT, connection="", source="moodle", lane="acme")], clock())
    decide_batch(store, Giving("t-1"), "acme", "decider")
    (row,) = store.ledger.claim("academy", "one", 1, clock())
    store.ledger.settle([Settled(row, "issued", "issued", badge_id="b", notify="badge_issued")], clock())
    assert due_lanes(store, "notify", clock(), hosts=["moodle", "canvas"]) == ["moodle"]
    ((notice, award, host_event),) = store.notifications.claim("moodle", "one", 10, clock())
    assert (notice.hook, award.badge_id, host_event) == ("badge_issued", "b", "e-1")
    assert store.notifications.claim("moodle", "two", 10, clock()) == []
    clock.seconds += 16  # whoever took it died
    ((notice, award, _),) = store.notifications.claim("moodle", "two", 10, clock())
    store.notifications.postpone(notice, clock() + 60)
    assert due_lanes(store, "notify", clock(), hosts=["moodle"]) == []
    clock.seconds += 61
    ((notice, award, _),) = store.notifications.claim("moodle", "three", 10, clock())
    store.notifications.done(notice, award, clock())
    clock.seconds += 1000
    assert due_lanes(store, "notify", clock(), hosts=["moodle"]) == []


def test_nobody_is_told_of_what_came_through_a_connection(store: Store, clock: Clock, earn: Earn) -> None:
    earn()
    (row,) = store.ledger.claim("academy", "one", 1, clock())
    store.ledger.settle([Settled(row, "issued", "issued", badge_id="b", notify="badge_issued")], clock())
    assert due_lanes(store, "notify", clock(), hosts=["alm:70412"]) == []


def test_leases_renewed_while_outcomes_are_written_do_not_deadlock(store: Store, clock: Clock, earn: Earn) -> None:
    earn(100)
    rows = store.ledger.claim("academy", "one", 100, clock())
    stop = threading.Event()

    def keep_renewing() -> None:
        while not stop.is_set():
            with store.database.write() as connection:
                renew(connection, ["one"], clock())

    def settle() -> None:
        try:
            for turn in range(10):
                some = rows[turn * 10 : turn * 10 + 10]
                store.ledger.settle([Settled(row, "issued", "i", badge_id="b") for row in reversed(some)], clock())
        finally:
            stop.set()

    assert in_threads([settle, keep_renewing, keep_renewing]) == [None] * 3
    assert states(store) == {"issued": 100}
