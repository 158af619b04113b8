"""What a message does, without a broker: which batches it makes, and which messages follow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from badgerelay.plugin.engine.assembly import make_work
from badgerelay.plugin.engine.celery.publisher import Publisher
from badgerelay.plugin.engine.celery.runner import Runner
from badgerelay.plugin.engine.lanes import Lane
from badgerelay.plugin.engine.runs import Runs
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint
from badgerelay.plugin.store import Store

from ....support import ROSA, calls, completion, connect_alm, connect_credly, counts, delivery, set_faults, until
from .test_publisher import Recorder

ACME, ACADEMY = Lane("decide", "acme"), Lane("send", "academy")


class Desk:
    """A runner that writes its messages down."""

    def __init__(self, store: Store, calls_in_flight: int = 4) -> None:
        self.recorder = Recorder()
        self.publisher = Publisher(self.recorder, spacing=0.0)
        self.runner = Runner(make_work(store), self.publisher, calls_in_flight)

    def said(self) -> list[Lane]:
        time.sleep(0.1)
        return [lane for _, lane in self.recorder.sent]


@pytest.fixture
def credly(store: Store, serve_app: Callable[..., str]) -> str:
    url = serve_app("credly")
    connect_credly(store, url)
    connect_alm(store, serve_app("alm", learners="400"))
    return url


def arrive(store: Store, number: int) -> None:
    acme = store.connections.get("acme")
    assert acme is not None
    events = [completion(str(int(ROSA) + each)) for each in range(number)]
    store.inbox.add(AlmEndpoint("acme", acme.settings).take(decode(delivery(*events))), store.now())


def test_one_message_is_one_batch_and_a_full_one_is_followed_by_one_message(store: Store, credly: str) -> None:
    arrive(store, 60)
    Desk(store).runner.run(ACME)
    desk = Desk(store)
    desk.runner.run(ACADEMY)
    assert counts(credly)["total"] == 50
    assert desk.said() == [ACADEMY]
    desk.runner.run(ACADEMY)
    assert counts(credly)["total"] == 60
    assert desk.said() == [ACADEMY]
    assert calls(credly)["POST badges/batch"] == 2


def test_a_decided_completion_is_told_to_whoever_sends(store: Store, credly: str) -> None:
    arrive(store, 1)
    desk = Desk(store)
    desk.runner.run(ACME)
    assert desk.said() == [ACADEMY]


def test_the_next_message_goes_out_before_the_provider_has_answered(store: Store, credly: str) -> None:
    arrive(store, 60)
    Desk(store).runner.run(ACME)
    set_faults(credly, "latency=3")
    desk = Desk(store)
    thread = threading.Thread(target=desk.runner.run, args=(ACADEMY,))
    thread.start()
    until(lambda: desk.recorder.sent)
    assert thread.is_alive()
    assert counts(credly)["total"] == 0
    thread.join()
    assert desk.said() == [ACADEMY]


def test_a_message_too_many_makes_no_batch_and_is_said_again_when_one_ends(store: Store, credly: str) -> None:
    arrive(store, 60)
    Desk(store).runner.run(ACME)
    set_faults(credly, "latency=3")
    desk = Desk(store, calls_in_flight=1)
    thread = threading.Thread(target=desk.runner.run, args=(ACADEMY,))
    thread.start()
    until(lambda: desk.recorder.sent)
    for _ in range(5):
        desk.runner.run(ACADEMY)
    assert thread.is_alive()
    thread.join()
    assert desk.said() == [ACADEMY, ACADEMY]
    assert counts(credly)["total"] == 50


@pytest.mark.parametrize("lane", [ACME, ACADEMY, Lane("send", "nobody"), Lane("decide", "nobody")])
def test_a_message_about_a_lane_without_work_does_nothing(lane: Lane, store: Store, credly: str) -> None:
    desk = Desk(store)
    desk.runner.run(lane)
    assert desk.said() == []


def test_a_paused_or_resting_connection_is_left_alone(store: Store, credly: str) -> None:
    arrive(store, 2)
    store.connections.open_circuit("acme", store.now(), lambda _: 60.0, "away")
    desk = Desk(store)
    desk.runner.run(ACME)
    assert store.views.counts()["events"] == {"received": 2}
    store.connections.recover("acme")
    desk.runner.run(ACME)
    store.connections.open_circuit("academy", store.now(), lambda _: 60.0, "away")
    desk.runner.run(ACADEMY)
    assert counts(credly)["total"] == 0


def test_of_several_sweeps_one_finds_what_is_due(store: Store, credly: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(store, 2)
    now = store.now()
    monkeypatch.setattr(store, "now", lambda: now)  # all three in one turn, however slow the machine is
    desks = [Desk(store) for _ in range(3)]
    for desk in desks:
        desk.runner.sweep()
    assert sorted(len(desk.said()) for desk in desks) == [0, 0, 1]


def test_a_turn_is_taken_once_and_a_clock_that_stepped_back_holds_nobody_up(store: Store) -> None:
    take = store.locks.take
    assert [take("sweep", seconds=1.0, now=now) for now in (100.0, 100.5, 101.0, 101.2)] == [True, False, True, False]
    assert take("other", seconds=1.0, now=101.2)
    assert take("sweep", seconds=1.0, now=50.0)
    assert not take("sweep", seconds=1.0, now=50.5)


def test_runs_are_limited_by_lane_and_remember_who_was_turned_away(store: Store) -> None:
    runs = Runs(store, 2)
    first, second = runs.begin(ACADEMY), runs.begin(ACADEMY)
    assert first is not None
    assert second is not None
    assert first.owner != second.owner
    assert runs.begin(ACADEMY) is None
    other = runs.begin(ACME)
    assert other is not None
    assert runs.begin(ACME) is None
    assert [runs.end(first), runs.end(second), runs.end(other)] == [True, False, True]
    runs.stop(0.1)
    assert runs.begin(ACADEMY) is None
