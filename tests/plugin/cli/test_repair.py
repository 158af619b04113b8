from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.sources.decisions import Dies, Earns
from badgerelay.plugin.store import NewEvent, Plan, Settled, Store
from badgerelay.plugin.store.ledger import bulk_repair as repair_module
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import awards, events

from ...support import Ran, run_here

EVENT = NewEvent("", "my-lms", "e", "lane", "course_completed", "{}", learner_id="l", learning_object_id="c")
RECIPIENT: dict[str, str | None] = {
    "email": "rosa@example.org",
    "first_name": "Rosa",
    "last_name": "Lindqvist",
    "locale": None,
}


@pytest.fixture
def run(environ: dict[str, str], store: Store) -> Callable[..., Ran]:
    store.connections.save("academy", "provider", "credly", "", {"award_limit": "2/hour"}, {}, store.now())
    return lambda *arguments: run_here(*arguments, environ=environ)


def earn(store: Store, learners: int, *, source: str = "my-lms", template: str = "t-1") -> None:
    class Source:
        def decide(self, rows: Any) -> Any:
            plan = Plan("academy", template, RECIPIENT, store.now())
            yield [(row, Earns((plan,), "told")) for row in rows]

    names = [f"{source}-{template}-{n}" for n in range(learners)]
    store.inbox.add([replace(EVENT, source=source, event_id=name, learner_id=name) for name in names], store.now())
    while decide_batch(store, Source(), "lane", "decider"):
        pass


def fail(store: Store, state: str, reason: str) -> None:
    """Every award that is planned ends so."""
    rows = store.ledger.claim("academy", "one", 1000, store.now())
    store.ledger.settle([Settled(row, state, reason, store.now()) for row in rows], store.now())


def states(store: Store) -> dict[str, int]:
    return store.views.counts()["awards"]


def test_what_the_limit_holds_is_released_by_filter(run: Callable[..., Ran], store: Store) -> None:
    earn(store, 5)
    assert states(store) == {"planned": 2, "held": 3}
    assert run("awards", "release", "--connection", "academy", "--dry-run").out == "3 awards would be released\n"
    assert states(store) == {"planned": 2, "held": 3}
    assert run("awards", "release", "--connection", "other", "--yes").out == "0 awards are released\n"
    assert run("awards", "release", "--reason", "AWARD_limit of", "--yes").out == "3 awards are released\n"
    assert run("awards", "release", "--reason", "award_limit of", "--yes").out == "0 awards are released\n"
    assert states(store) == {"planned": 5}


def test_nobody_to_ask_means_no(run: Callable[..., Ran], store: Store) -> None:
    earn(store, 3)
    refused = run("awards", "release", "--all")
    assert (refused.code, "--yes" in refused.err) == (1, True)
    assert states(store) == {"planned": 2, "held": 1}


def test_dead_letters_are_listed_with_their_reason_and_retried(run: Callable[..., Ran], store: Store) -> None:
    earn(store, 2)
    fail(store, "dead", "the adapter failed")
    (first, second) = run("awards", "list", "--state", "dead", "--json").json
    assert first["reason"] == second["reason"] == "the adapter failed"
    assert "the adapter failed" in run("awards", "list", "--state", "dead").out
    assert run("awards", "retry", "--state", "dead", "--yes").out == "2 awards are tried again\n"
    assert run("awards", "retry", "--state", "dead", "--yes").out == "0 awards are tried again\n"
    assert states(store) == {"planned": 2}


def test_an_issued_award_is_never_touched(run: Callable[..., Ran], store: Store) -> None:
    earn(store, 2)
    rows = store.ledger.claim("academy", "one", 10, store.now())
    store.ledger.settle([Settled(row, "issued", "issued", badge_id=f"b-{row.id}") for row in rows], store.now())
    for command in (["awards", "retry"], ["awards", "release"], ["events", "replay"]):
        assert run(*command, "--all", "--yes").code == 0
    earn(store, 2)
    assert states(store) == {"issued": 2}
    assert "only rejected, dead, waiting" in run("awards", "retry", "--state", "issued", "--yes").err


def test_dead_events_are_replayed_by_state_source_reason_and_time(run: Callable[..., Ran], store: Store) -> None:
    class Kills:
        def decide(self, rows: Any) -> Any:
            yield [(row, Dies("the learner has no e-mail address")) for row in rows]

    store.inbox.add([replace(EVENT, event_id=f"e-{n}") for n in range(3)], store.now())
    decide_batch(store, Kills(), "lane", "decider")
    with store.database.write() as connection:
        old = sa.update(events).where(events.c.id == 1).values(received_at=store.now() - 3 * 3600)
        connection.execute(old)
    (row, *_) = run("events", "list", "--state", "dead", "--json").json
    assert row["reason"] == "the learner has no e-mail address"

    def would(*filters: str) -> str:
        return run("events", "replay", *filters, "--dry-run").out.split()[0]

    assert would("--state", "dead") == "3"
    assert would("--source", "my-lms") == "3"
    assert would("--source", "other") == "0"
    assert would("--reason", "no e-mail") == "3"
    assert would("--reason", "100%") == "0"
    assert would("--since", "2 hours") == "2"
    assert would("--until", "2 hours ago") == "1"
    assert would("--since", "2020-01-01") == "3"
    assert would("--since", "2020-01-01T00:00:00Z", "--until", "2021-01-01T00:00+02:00") == "0"
    assert run("events", "replay", "--state", "dead", "--since", "2 hours", "--yes").out.startswith("2 events")
    assert store.views.counts()["events"] == {"dead": 1, "received": 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["events", "replay"], "--all"),
        (["events", "replay", "1", "--all"], "--all"),
        (["awards", "retry", "1", "--state", "dead"], "numbers"),
        (["awards", "release", "--since", "yesterday"], "2 hours"),
        (["awards", "release", "--state", "dead"], "held"),
        (["awards", "retry", "0"], "0"),
    ],
)
def test_wrong_use_is_explained(run: Callable[..., Ran], arguments: list[str], message: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert message in ran.err


def test_by_template_and_by_source(run: Callable[..., Ran], store: Store) -> None:
    earn(store, 1, template="t-1")
    earn(store, 1, template="t-2", source="other")
    fail(store, "rejected", "no")
    assert run("awards", "retry", "--template", "t-2", "--dry-run").out.startswith("1 ")
    assert run("awards", "retry", "--source", "my-lms", "--yes").out.startswith("1 ")
    left = store.views.awards(state="rejected")
    assert [award["source"] for award in left] == ["other"]


def test_repairs_go_in_portions(store: Store, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair_module, "AT_ONCE", 2)
    earn(store, 9)
    assert store.repair.release(Chosen(), store.now) == 7
    assert store.repair.replay(Chosen(), store.now) == 9
    assert states(store) == {"planned": 9}
    with store.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).where(awards.c.held_for.is_not(None))) == 0
