"""What an adapter's misbehaviour comes to in the ledger: the badges stay single, and others are issued as ever."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema

from badgerelay.adapters import (
    Account,
    Adapter,
    AmbiguousError,
    Award,
    BadgeTemplate,
    Capabilities,
    Context,
    IssuedBadge,
    Outcome,
    OverBudgetError,
    TemporaryError,
)
from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared
from badgerelay.plugin.delivery.send import send_batch
from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.providers import timeouts as bounding
from badgerelay.plugin.providers.guarded_adapter import Contained
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.store.ledger.bulk_repair import Chosen

from ...support import COURSE, add_rule, counts, until
from ..conftest import Pipeline
from ..store.conftest import EVENT, Clock, Giving, live_on


class BlindAdapter(Adapter):
    """A provider that cannot be asked what it has."""

    name = "blind"
    capabilities = Capabilities(max_batch=1, can_look_up=False)
    settings_schema = Schema

    def __init__(self) -> None:
        super().__init__({}, Context("academy", None, None, None))  # type: ignore[arg-type]  # it needs none of them
        self.made: list[str] = []
        self.next: list[str] = []

    def check(self) -> Account:
        return Account("b", "Blind")

    def templates(self) -> Iterator[BadgeTemplate]:
        return iter(())

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        match self.next.pop(0) if self.next else "":
            case "lost":
                self.made.append(awards[0].id)
                raise AmbiguousError("no answer came")
            case "500":
                raise TemporaryError("failed", may_have_acted=True)
            case "busy":
                raise TemporaryError("busy", retry_after=1.0)
            case "rate":
                raise OverBudgetError("the rate is used up", retry_after=1.0)
            case "raises":
                raise KeyError("rosa@example.org")
            case "another's":
                return [IssuedBadge(f"b-{self.made[0]}", awards[0].template_id, "pending")]
        self.made.append(awards[0].id)
        return [IssuedBadge(f"b-{awards[0].id}", awards[0].template_id, "pending")]


class SeeingAdapter(BlindAdapter):
    name = "seeing"
    capabilities = Capabilities(max_batch=1)

    def find(self, award: Award) -> IssuedBadge | None:
        return IssuedBadge(f"b-{award.id}", award.template_id, "pending") if award.id in self.made else None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(settings: Settings, clock: Clock) -> Iterator[Store]:
    made = Store(Database(settings.database_url), open_vault(settings), clock)
    made.connections.save("academy", "provider", "blind", "", {}, {}, clock())
    made.connections.save("acme", "source", "alm", "", {"max_age": "unlimited"}, {}, clock())
    yield made
    made.close()


def complete(store: Store, *learners: str) -> None:
    store.inbox.add([replace(EVENT, event_id=each, learner_id=each) for each in learners], store.now())
    decide_batch(store, Giving("t"), "acme", "worker")


def work(store: Store, clock: Clock, adapter: Adapter, rounds: int = 6) -> None:
    for _ in range(rounds):
        connection = store.connections.get("academy")
        assert connection is not None
        send_batch(store, connection, Contained(adapter), "worker")
        clock.seconds += 400


def states(store: Store) -> dict[str, int]:
    return store.views.counts()["awards"]


@pytest.mark.parametrize("deed", ["lost", "500", "raises"])
def test_what_a_provider_that_cannot_be_asked_may_have_issued_is_held_for_a_person(
    deed: str, ledger: Store, clock: Clock
) -> None:
    adapter = BlindAdapter()
    adapter.next = [deed]
    complete(ledger, "l-1")
    work(ledger, clock, adapter)
    (award,) = ledger.views.awards()
    assert (award["state"], award["held_for"]) == ("held", "doubt")
    assert "blind cannot be asked" in award["reason"]
    assert "awards release" in award["reason"]
    before = len(adapter.made)
    assert ledger.repair.release(Chosen(ids=(award["id"],)), ledger.now) == 1
    clock.seconds += 10
    work(ledger, clock, adapter)
    assert states(ledger) == {"issued": 1}
    assert len(adapter.made) == before + 1


def test_to_hold_an_award_for_a_person_is_no_sign_that_the_provider_works(ledger: Store, clock: Clock) -> None:
    adapter = BlindAdapter()
    adapter.next = ["lost"]
    complete(ledger, "l-1")
    work(ledger, clock, adapter, rounds=2)
    assert states(ledger) == {"held": 1}
    connection = ledger.connections.get("academy")
    assert connection is not None
    assert connection.failures == 1


def test_what_it_may_have_issued_can_be_given_up_too(ledger: Store, clock: Clock) -> None:
    adapter = BlindAdapter()
    adapter.next = ["lost"]
    complete(ledger, "l-1")
    work(ledger, clock, adapter)
    ledger.repair.revoke(Chosen(state="held"), "it is there", ledger.now)
    clock.seconds += 10
    work(ledger, clock, adapter)
    assert states(ledger) == {"rejected": 1}
    assert len(adapter.made) == 1


def test_a_crash_leaves_the_same_doubt(ledger: Store, clock: Clock) -> None:
    complete(ledger, "l-1")
    assert ledger.ledger.claim("academy", "a worker that dies", 5, clock(), can_look_up=False)
    live_on(ledger, clock, 400)
    clock.seconds += 400
    adapter = BlindAdapter()
    work(ledger, clock, adapter)
    assert states(ledger) == {"held": 1}
    assert not adapter.made


@pytest.mark.parametrize("deed", ["busy", "rate"])
def test_what_was_surely_not_issued_goes_out_again_by_itself(deed: str, ledger: Store, clock: Clock) -> None:
    adapter = BlindAdapter()
    adapter.next = [deed, deed]
    complete(ledger, "l-1")
    work(ledger, clock, adapter)
    assert states(ledger) == {"issued": 1}
    assert len(adapter.made) == 1


def test_a_released_award_of_a_paused_connection_goes_when_that_is_resumed(ledger: Store, clock: Clock) -> None:
    adapter = BlindAdapter()
    adapter.next = ["lost"]
    complete(ledger, "l-1")
    work(ledger, clock, adapter)
    ledger.connections.pause(["academy"], clock())
    ledger.repair.release(Chosen(state="held"), ledger.now)
    assert states(ledger) == {"held": 1}
    ledger.connections.resume(["academy"], clock())
    work(ledger, clock, adapter)
    assert states(ledger) == {"issued": 1}


def test_the_badge_of_another_award_is_nobodys(ledger: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    adapter = SeeingAdapter()
    complete(ledger, "l-1")
    work(ledger, clock, adapter, rounds=1)
    adapter.next = ["another's"]
    complete(ledger, "l-2")
    work(ledger, clock, adapter)
    assert (
        "the adapter seeing broke its contract: ValueError: issue() gives the badge of another award" in caplog.text
    )
    assert states(ledger) == {"issued": 2}
    assert len({award["badge_id"] for award in ledger.views.awards()}) == 2


NAUGHTY = '''
"""An adapter that does what the test says."""
import threading
from badgerelay.adapters import Account, Adapter, BadgeTemplate, Capabilities, IssuedBadge
from marshmallow import Schema

end = threading.Event()
behaviour = ""


class Naughty(Adapter):
    name = "naughty"
    capabilities = Capabilities(max_batch=5)
    settings_schema = Schema

    def __init__(self, settings, context):
        if behaviour == "unmade":
            raise KeyError("rosa@example.org")
        if behaviour == "sleeps while made":
            end.wait()
        super().__init__(settings, context)

    def check(self):
        if behaviour == "check":
            raise KeyError("rosa@example.org")
        return Account("n", "Naughty")

    def templates(self):
        if behaviour == "templates":
            yield "no template"
        yield BadgeTemplate("t", "T", "active")

    def issue(self, awards):
        if behaviour == "sleeps":
            end.wait()
        if behaviour == "exits":
            raise SystemExit(awards[0].recipient.email)
        return [IssuedBadge("b-" + award.id, award.template_id, "pending") for award in awards]

    def find(self, award):
        return None
'''


@pytest.fixture
def naughty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Installs a badge provider of the name ``naughty``; its module, whose ``behaviour`` says what it does."""
    info = tmp_path / "site" / "naughty-1.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "site" / "naughty_adapter.py").write_text(NAUGHTY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: naughty\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[badgerelay.adapters]\nnaughty = naughty_adapter:Naughty\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "naughty_adapter", raising=False)
    module = importlib.import_module("naughty_adapter")
    yield module
    module.end.set()


@pytest.mark.parametrize("behaviour", ["sleeps", "exits"])
def test_one_that_never_returns_or_exits_is_named_and_holds_no_other(
    behaviour: str,
    naughty: Any,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(bounding, "SILENT_SECONDS", 0.3)
    connect(pipeline.store, Declared("naughty", "bin", {}))
    add_rule(pipeline.store, "*", COURSE, "bin", "t")
    naughty.behaviour = behaviour
    pipeline.complete(userId="15300721")
    until(lambda: counts(pipeline.credly)["total"] == 1)
    until(lambda: pipeline.award(connection="bin")["state"] == "waiting")
    award = pipeline.award(connection="bin")
    assert "the adapter naughty" in award["reason"]
    assert award["in_doubt"]
    if behaviour == "sleeps":
        connection = pipeline.store.connections.get("bin")
        assert connection is not None
        assert "the adapter naughty has not returned" in str(connection.trouble)
    assert "rosa@example.org" not in caplog.text + json.dumps(pipeline.history(award["id"]))
    naughty.behaviour = ""
    naughty.end.set()
    pipeline.store.repair.retry(Chosen(connection="bin"), pipeline.store.now)
    until(lambda: pipeline.award(connection="bin")["state"] == "issued", 40)
    assert not [each for each in threading.enumerate() if each.name.startswith("badgerelay hanging")]


def test_one_that_sleeps_while_it_is_made_stops_its_connection_and_holds_no_other(
    naughty: Any, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(pipeline.store, Declared("naughty", "bin", {}))
    add_rule(pipeline.store, "*", COURSE, "bin", "t")
    monkeypatch.setattr(bounding, "SILENT_SECONDS", 0.5)
    naughty.behaviour = "sleeps while made"
    pipeline.complete(userId="15300721")
    until(lambda: counts(pipeline.credly)["total"] == 1)
    until(lambda: (found := pipeline.store.connections.get("bin")) and found.stopped)
    connection = pipeline.store.connections.get("bin")
    assert connection is not None
    assert "the adapter naughty has not returned" in str(connection.trouble)


def test_one_that_cannot_be_made_stops_its_connection_and_says_why(naughty: Any, pipeline: Pipeline) -> None:
    connect(pipeline.store, Declared("naughty", "bin", {}))
    add_rule(pipeline.store, "*", COURSE, "bin", "t")
    naughty.behaviour = "unmade"
    pipeline.complete(userId="15300721")
    until(lambda: counts(pipeline.credly)["total"] == 1)
    until(lambda: (found := pipeline.store.connections.get("bin")) and found.stopped)
    connection = pipeline.store.connections.get("bin")
    assert connection is not None
    assert "the adapter naughty failed with KeyError" in str(connection.trouble)
    assert pipeline.award(connection="bin")["state"] == "planned"
