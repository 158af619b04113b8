"""The ledger against every order of crashes, lost answers and repairs that hypothesis thinks of.

Invariant: a provider that would make a second badge without a word never gets to make one. At the end, after
everything has calmed down, each award is issued exactly once, or revoked and no badge of it lives.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from marshmallow import Schema

from badgerelay.adapters.base import Adapter, Capabilities
from badgerelay.adapters.context import Context
from badgerelay.adapters.errors import AmbiguousError, ConfigurationError, RejectedError, TemporaryError
from badgerelay.adapters.values import Account, Award, BadgeTemplate, IssuedBadge, Outcome
from badgerelay.plugin.delivery.send import send_batch
from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.providers.guarded_adapter import Contained
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import Vault, new_key
from badgerelay.plugin.sources.decisions import Decided
from badgerelay.plugin.store import Store
from badgerelay.plugin.store import shared_clock as heartbeat
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.store.leases import renew
from badgerelay.plugin.store.ledger.awards import LOOKUP_SECONDS
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import metadata

from .conftest import EVENT, Clock, Giving, live_on

KEYS = (new_key(),)
FAULTS = (
    "lost",
    "half lost",
    "never arrived",
    "500",
    "500 after",
    "429",
    "refused",
    "wrong token",
    "rubbish",
    "no list",
    "too few",
    "crash before",
    "crash after",
    "stalled",
    "jumped",
)
LOOK_UP_FAULTS = ("temporary", "ambiguous", "wrong token", "rubbish", "crash")
REVOCATIONS = ("lost", "never arrived", "500", "refused", "wrong token", "rubbish", "crash before", "crash after")


POLICY = {"award_limit": "12/hour"}
"""So few that some awards are held."""


class CrashError(BaseException):
    """The process is gone: nothing after this line runs."""


class World:
    """A provider that makes whatever badge it is asked for, as often as it is asked."""

    def __init__(self) -> None:
        self.badges: dict[tuple[str, str], list[str]] = {}
        self.revoked: set[str] = set()
        self.issue_faults: list[str] = []
        self.revoke_faults: list[str] = []
        self.look_up_faults: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.jump: Callable[[], None] = lambda: None

    def make(self, award: Award) -> IssuedBadge:
        made = self.badges.setdefault((award.recipient.earner_id, award.template_id), [])
        made.append(f"b-{award.id}-{len(made)}")
        return IssuedBadge(made[-1], award.template_id, "pending")


class WorldAdapter(Adapter):
    name = "world"
    capabilities = Capabilities(max_batch=3, can_revoke=True)
    settings_schema = Schema

    def __init__(self, world: World) -> None:
        super().__init__({}, Context("academy", None, None, None))  # type: ignore[arg-type]  # it needs none of them
        self.world = world

    def check(self) -> Account:
        return Account("w", "World")

    def templates(self) -> Iterator[BadgeTemplate]:
        return iter(())

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        world = self.world
        fault = world.issue_faults.pop(0) if world.issue_faults else ""
        match fault:
            case "lost":
                [world.make(award) for award in awards]
                raise AmbiguousError("no answer")
            case "half lost":
                made: list[Outcome] = [world.make(award) for award in awards]
                return [outcome if number % 2 else AmbiguousError("?") for number, outcome in enumerate(made)]
            case "never arrived":
                raise AmbiguousError("no answer")
            case "500":
                raise TemporaryError("failed")
            case "500 after":
                [world.make(award) for award in awards]
                raise TemporaryError("failed", may_have_acted=True)
            case "429":
                raise TemporaryError("slowly", retry_after=2.0)
            case "refused":
                return [RejectedError("no", "no"), *[world.make(award) for award in awards[1:]]]
            case "wrong token":
                raise ConfigurationError("the token", setting="token")
            case "rubbish":
                [world.make(award) for award in awards]
                raise KeyError("rosa@example.org")
            case "no list":
                [world.make(award) for award in awards]
                return None  # type: ignore[return-value]  # a broken adapter
            case "too few":
                few: list[Outcome] = [world.make(award) for award in awards]
                return few[1:]
            case "crash before":
                raise CrashError
            case "crash after":
                [world.make(award) for award in awards]
                raise CrashError
            case "stalled":
                late: list[Outcome] = [world.make(award) for award in awards]
                world.meanwhile()
                return late
            case "jumped":
                world.jump()
        return [world.make(award) for award in awards]

    def find(self, award: Award) -> IssuedBadge | None:
        fault = self.world.look_up_faults.pop(0) if self.world.look_up_faults else ""
        match fault:
            case "temporary":
                raise TemporaryError("later")
            case "ambiguous":
                raise AmbiguousError("?")
            case "wrong token":
                raise ConfigurationError("the token", setting="token")
            case "rubbish":
                raise KeyError("rosa@example.org")
            case "crash":
                raise CrashError
        made = self.world.badges.get((award.recipient.earner_id, award.template_id))
        live = [badge for badge in made or () if badge not in self.world.revoked]
        return IssuedBadge(live[0], award.template_id, "pending") if live else None

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        assert reason == "by mistake"
        assert any(badge_id in made for made in self.world.badges.values())
        fault = self.world.revoke_faults.pop(0) if self.world.revoke_faults else ""
        if fault == "refused" and badge_id in self.world.revoked:
            fault = ""  # of a badge that is revoked, an adapter says just that
        if fault in ("", "lost", "crash after"):
            self.world.revoked.add(badge_id)
        match fault:
            case "lost" | "never arrived":
                raise AmbiguousError("no answer")
            case "500":
                raise TemporaryError("failed", may_have_acted=True)
            case "refused":
                raise RejectedError("no", "no")
            case "wrong token":
                raise ConfigurationError("the token", setting="token")
            case "rubbish":
                raise KeyError("rosa@example.org")
            case "crash before" | "crash after":
                raise CrashError
        return IssuedBadge(badge_id, "", "revoked")


class _ByObject:
    """The learning object is the badge."""

    def decide(self, events: Sequence[Any]) -> Iterator[list[Decided]]:
        for row in events:
            yield from Giving(row.learning_object_id).decide([row])


class Ledger(RuleBasedStateMachine):
    make_store: Callable[[Clock], tuple[Store, Callable[[], None]]]

    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        self.store, self.end = type(self).make_store(self.clock)
        self.world = World()
        self.world.meanwhile = self._lapse_and_work
        self.world.jump = self._jump_and_work
        self.owner = ""
        self.adapter = Contained(WorldAdapter(self.world))
        self.earned: set[tuple[str, str]] = set()
        self.completions = 0
        self.store.connections.save("acme", "source", "alm", "", {"max_age": "unlimited"}, {}, self.clock())
        self.store.connections.save("academy", "provider", "world", "", POLICY, {}, self.clock())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            try:
                self._calm_down()
            finally:
                self.end()

    @rule(learners=st.sets(st.integers(0, 20), min_size=1, max_size=5), template=st.sampled_from("ab"))
    def complete(self, learners: set[int], template: str) -> None:
        """Also what was completed before: another course with the same badge."""
        for learner in learners:
            self.completions += 1
            new = replace(EVENT, event_id=str(self.completions), learner_id=str(learner), learning_object_id=template)
            self.store.inbox.add([new, new], self.clock())
            self.earned.add((f"alm:70412:{learner}", template))
        self._decide()

    @rule(
        learners=st.sets(st.integers(0, 20), min_size=1, max_size=5),
        fault=st.sampled_from(FAULTS),
        look_up=st.sampled_from(("", *LOOK_UP_FAULTS)),
        seconds=st.sampled_from([3.0, 16.0, 400.0]),
    )
    def mishap(self, learners: set[int], fault: str, look_up: str, seconds: float) -> None:
        """The usual way into trouble and out of it, so that it is tried often."""
        self.complete(learners, "a")
        self.clock.seconds += seconds
        self.world.issue_faults, self.world.look_up_faults = [fault], [look_up]
        for owner in ("worker", "another worker", "worker"):
            self._work(owner)
            live_on(self.store, self.clock, seconds)

    another_mishap = mishap

    @rule(fault=st.sampled_from(FAULTS))
    def next_call(self, fault: str) -> None:
        self.world.issue_faults.append(fault)

    @rule(fault=st.sampled_from(LOOK_UP_FAULTS))
    def next_look_up(self, fault: str) -> None:
        self.world.look_up_faults.append(fault)

    @rule(fault=st.sampled_from(REVOCATIONS))
    def next_revocation(self, fault: str) -> None:
        self.world.revoke_faults.append(fault)

    @rule(learner=st.integers(0, 20), template=st.sampled_from("ab"))
    def revoke(self, learner: int, template: str) -> None:
        """Whatever has become of the award so far, unless it is just being sent."""
        mine = [a["id"] for a in self._awards() if (a["learner_id"], a["template_id"]) == (str(learner), template)]
        self.store.repair.revoke(Chosen(ids=tuple(mine)), "by mistake", self.clock)

    @rule()
    def work(self) -> None:
        self._work("worker")

    @rule()
    def work_elsewhere(self) -> None:
        self._work("another worker")

    @rule(seconds=st.sampled_from([1.0, 16.0, 400.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        self.clock.seconds += seconds

    @rule(seconds=st.sampled_from([16.0, 400.0]))
    def wait_while_others_work(self, seconds: float) -> None:
        live_on(self.store, self.clock, seconds)

    @rule(seconds=st.sampled_from([90.0, 3600.0]))
    def clock_steps_back(self, seconds: float) -> None:
        self.store.heartbeat.beat(self.clock())
        self.clock.seconds -= seconds
        self.store.heartbeat.beat(self.clock())

    @rule()
    def pause(self) -> None:
        self.store.connections.pause(["academy"], self.clock())

    @rule()
    def resume(self) -> None:
        self.store.connections.resume(["academy"], self.clock())

    @rule()
    def connect_again(self) -> None:
        self.store.connections.save("academy", "provider", "world", "", POLICY, {}, self.clock())

    @rule()
    def retry(self) -> None:
        self.store.repair.retry(Chosen(), self.clock)

    @rule()
    def release(self) -> None:
        self.store.repair.release(Chosen(), self.clock)

    @rule()
    def replay(self) -> None:
        self.store.repair.replay(Chosen(), self.clock)
        self._decide()

    @invariant()
    def never_two_badges(self) -> None:
        if hasattr(self, "world"):
            assert all(len(made) <= 1 for made in self.world.badges.values())

    @invariant()
    def every_completion_has_its_award(self) -> None:
        if hasattr(self, "store"):
            kept = Counter((f"{a['source']}:{a['learner_id']}", a["template_id"]) for a in self._awards())
            assert kept == Counter(self.earned)

    @invariant()
    def the_ledger_is_right_about_the_badge(self) -> None:
        if hasattr(self, "store"):
            for award in self._awards():
                made = self.world.badges.get((f"{award['source']}:{award['learner_id']}", award["template_id"]), [])
                if award["state"] == "issued":
                    assert award["badge_id"] in made
                if award["state"] == "revoked":
                    assert self.world.revoked.issuperset(made)

    def _awards(self) -> list[dict[str, Any]]:
        return self.store.views.awards(limit=1000)

    def _decide(self) -> None:
        while decide_batch(self.store, _ByObject(), "acme", "decider"):
            pass

    def _work(self, owner: str) -> bool:
        connection = self.store.connections.get("academy")
        assert connection is not None
        if connection.paused or connection.retry_at > self.clock():
            return False
        before, self.owner = self.owner, owner
        try:
            return send_batch(self.store, connection, self.adapter, owner) > 0
        except CrashError:
            return False
        finally:
            self.owner = before

    def _lapse_and_work(self) -> None:
        live_on(self.store, self.clock, 16)
        self.clock.seconds += LOOKUP_SECONDS
        self._work("whoever takes over")

    def _jump_and_work(self) -> None:
        """The clock is set forward; whoever sends has not renewed its lease yet when others look for work."""
        owner = self.owner
        self.store.heartbeat.beat(self.clock())
        self.clock.seconds += 16
        for _ in range(2):
            self.store.ledger.take_back(self.clock())
            self._work("whoever looks for work")
            self.store.heartbeat.beat(self.clock())
        with self.store.database.write() as connection:
            renew(connection, [owner], self.clock())
        live_on(self.store, self.clock, 9)
        self._work("whoever looks for work")

    def _calm_down(self) -> None:
        self.world.issue_faults, self.world.look_up_faults, self.world.revoke_faults = [], [], []
        self.store.connections.resume(["academy"], self.clock())
        for _ in range(100):
            self.store.repair.retry(Chosen(), self.clock)
            self.store.repair.release(Chosen(), self.clock)
            live_on(self.store, self.clock, 4000)
            self.clock.seconds += 60
            while self._work("worker"):
                pass
            if all(award["state"] in ("issued", "revoked") for award in self._awards()):
                break
        kept = {(f"{a['source']}:{a['learner_id']}", a["template_id"]): a["state"] for a in self._awards()}
        assert set(kept.values()) <= {"issued", "revoked"}
        live = {key: sum(badge not in self.world.revoked for badge in self.world.badges.get(key, ())) for key in kept}
        assert live == {key: int(state == "issued") for key, state in kept.items()}


def run(make_store: Callable[[Clock], tuple[Store, Callable[[], None]]], examples: int) -> None:
    machine = type("Machine", (Ledger,), {"make_store": staticmethod(make_store)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level("CRITICAL", "badgerelay.delivery")
    monkeypatch.setattr(heartbeat, "PATIENCE_SECONDS", 0.0)


def _on_sqlite(upgraded: Path) -> Callable[[Clock], tuple[Store, Callable[[], None]]]:
    def make(clock: Clock) -> tuple[Store, Callable[[], None]]:
        folder = Path(tempfile.mkdtemp(prefix="badgerelay"))
        shutil.copy(upgraded, folder / "model.db")
        store = Store(Database(f"sqlite:///{folder / 'model.db'}"), Vault(KEYS), clock)

        def end() -> None:
            store.close()
            shutil.rmtree(folder)

        return store, end

    return make


def test_no_order_of_mishaps_doubles_or_loses_a_badge_on_sqlite(upgraded_sqlite: Path) -> None:
    run(_on_sqlite(upgraded_sqlite), 40)


def test_what_was_taken_over_while_a_call_stalled_is_not_sent_by_the_one_that_stalled(upgraded_sqlite: Path) -> None:
    machine: Ledger = type("Machine", (Ledger,), {"make_store": staticmethod(_on_sqlite(upgraded_sqlite))})()
    machine.begin()
    machine.complete({1}, "a")
    machine.next_call("500")
    machine.work()
    machine.wait(400.0)
    machine.next_call("never arrived")
    machine.work()
    machine.wait(400.0)
    machine.next_look_up("rubbish")  # from now on it is sent alone
    machine.work()
    machine.complete({2}, "a")
    machine.wait(400.0)
    machine.next_call("stalled")
    machine.work()
    assert [len(made) for made in machine.world.badges.values()] == [1, 1]
    machine.teardown()


@pytest.mark.services
def test_no_order_of_mishaps_doubles_or_loses_a_badge_on_postgresql(postgresql: Callable[[bool], str]) -> None:
    database = Database(Settings(Path(), postgresql(True)).database_url)
    tables = ", ".join(table.name for table in metadata.sorted_tables)

    def make(clock: Clock) -> tuple[Store, Callable[[], None]]:
        with database.write() as connection:
            connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")
        return Store(database, Vault(KEYS), clock), lambda: None

    run(make, 40)
    database.close()
