from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint
from badgerelay.plugin.store import Store

from ...support import COURSE, SECRETS, TEMPLATE, Ran, add_rule, completion, counts, delivery, until

Run = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("connected")


def arrive(store: Store, *events: Any) -> None:
    found = store.connections.get("acme")
    assert found is not None
    store.inbox.add(AlmEndpoint("acme", found.settings).take(decode(delivery(*events))), store.now())


def work(store: Store, until_states: dict[str, dict[str, int]]) -> None:
    engine = make_engine(store)
    engine.start()
    try:
        until(lambda: {key: store.views.counts()[key] for key in until_states} == until_states)
    finally:
        engine.stop()


def test_lists_and_records_show_no_secret_and_no_address(run: Run, store: Store, credly: str) -> None:
    arrive(store, completion(eventId="e-1"), completion(eventId="e-2", hasPassed=False))
    work(store, {"events": {"done": 1, "ignored": 1}, "awards": {"issued": 1}})
    assert run("templates", "sync").code == 0
    assert (
        run("rules", "add", "--learning-object", COURSE, "--template", TEMPLATE, "--connection", "academy").code == 0
    )
    lists = [("connections",), ("templates", "list"), ("rules", "list"), ("events", "list"), ("awards", "list")]
    for command in [*lists, ("awards", "show", "1"), ("events", "show", "1"), ("awards", "why", "1")]:
        plain, machine = run(*command), run(*command, "--json")
        assert (plain.code, machine.code) == (0, 0)
        assert machine.json
        shown = plain.out + machine.out
        assert not [secret for secret in SECRETS if secret in shown]
        assert "@example.org" not in shown
    assert [event["state"] for event in run("events", "list", "--json").json] == ["ignored", "done"]
    assert len(run("events", "list", "--json", "--limit", "1").json) == 1
    assert [event["event_id"] for event in run("events", "list", "--json", "--state", "done").json] == ["e-1"]
    assert len(run("events", "list", "--json", "--source", "acme").json) == 2
    assert len(run("awards", "list", "--json", "--learner", "15300721", "--connection", "academy").json) == 1
    assert run("awards", "list", "--state", "dead").out.strip() == "no awards"


def test_why_tells_the_whole_way(run: Run, store: Store) -> None:
    arrive(store, completion(eventId="e-1"), completion(eventId="e-2", hasPassed=False))
    work(store, {"events": {"done": 1, "ignored": 1}, "awards": {"issued": 1}})
    (award,) = store.views.awards()
    by_number = run("awards", "why", "1")
    assert by_number.code == 0
    assert "award 1 is issued, badge" in by_number.out
    for word in ("received", "planned", "sending", "attempt 1", "asked ALM now", award["correlation_id"]):
        assert word in by_number.out
    for which in ("e-1", award["correlation_id"]):
        assert run("awards", "why", which).out == by_number.out
    none = run("awards", "why", "e-2")
    assert none.code == 0
    assert "event 2 is ignored: completed without passing" in none.out
    assert run("awards", "why", "2", "--event").out == none.out
    (explained,) = run("awards", "why", "1", "--json").json
    assert explained["awards"] == [{"id": 1, "state": "issued", "waits_for": None}]
    assert {step["about"] for step in explained["steps"]} == {"event 1", "award 1"}


def test_why_tells_what_an_award_waits_for(run: Run, store: Store) -> None:
    store.connections.open_circuit(
        "academy", store.now(), lambda _: 600.0, "no such token", stopped="the token is not accepted"
    )
    arrive(store, completion(eventId="e-1"))
    work(store, {"events": {"done": 1}, "awards": {"planned": 1}})
    assert (
        "its connection academy: stopped: the token is not accepted (no such token)" in run("awards", "why", "1").out
    )
    store.connections.recover("academy")
    (explained,) = run("awards", "why", "1", "--json").json
    assert "through its connection academy" in explained["awards"][0]["waits_for"]
    store.connections.remove("academy")
    assert "its connection academy is gone" in run("awards", "why", "1").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("awards", "why", "7"),
        ("awards", "why", "no-such-event"),
        ("awards", "why", "7", "--event"),
        ("awards", "why", "9" * 30),
        ("awards", "why", "²"),
        ("awards", "why", "-1"),
        ("awards", "show", "7"),
        ("awards", "show", "9" * 30),
        ("awards", "retry", "7"),
        ("awards", "release", "7"),
        ("events", "show", "7"),
        ("events", "show", "9" * 30),
        ("events", "replay", "7"),
        ("events", "replay", "9" * 30),
        ("rules", "remove", "7"),
        ("rules", "remove", "9" * 30),
        ("rules", "add", "--learning-object", "x" * 256, "--template", TEMPLATE, "--connection", "academy"),
        (
            "rules",
            "add",
            "--learning-object",
            "x",
            "--template",
            TEMPLATE,
            "--connection",
            "academy",
            "--source",
            "x" * 65,
        ),
        ("templates", "sync", "acme"),
        ("templates", "sync", "nobody"),
        ("pause", "nobody"),
        ("resume", "nobody"),
    ],
)
def test_what_is_not_there_is_said_and_exits_1(arguments: tuple[str, ...], run: Run) -> None:
    ran = run(*arguments)
    assert ran.code in (1, 2)
    assert ran.err
    assert "Traceback" not in ran.err


def test_a_rule_wants_a_template_that_can_be_issued(run: Run, store: Store) -> None:
    add = ("rules", "add", "--learning-object", COURSE, "--connection", "academy", "--template")
    unknown = run(*add, TEMPLATE)
    assert unknown.code == 1
    assert "templates sync" in unknown.err
    run("templates", "sync", "academy")
    assert run(*add, "no-such-template").code == 1
    draft = next(row.template_id for row in store.catalogue.templates() if row.state == "draft")
    assert "draft" in run(*add, draft).err
    assert run(*add, TEMPLATE).out.startswith("added")
    assert run(*add, TEMPLATE).out.startswith("there already")
    assert run(*add[:-3], "--connection", "acme", "--template", TEMPLATE).code == 1
    (rule,) = run("rules", "list", "--json").json
    assert run("rules", "remove", str(rule["id"])).code == 0
    assert run("rules", "list").out.strip() == "no rules yet"


def test_an_ignored_completion_is_replayed_once_there_is_a_rule(run: Run, store: Store, credly: str) -> None:
    arrive(store, completion(eventId="e-1", instance="course:8801300_17700991"))
    work(store, {"events": {"ignored": 1}})
    run("templates", "sync")
    run("rules", "add", "--learning-object", "course:8801300", "--template", TEMPLATE, "--connection", "academy")
    assert run("events", "replay", "1").code == 0
    work(store, {"awards": {"issued": 1}})
    assert run("events", "replay", "1").code == 0
    work(store, {"events": {"done": 1}})
    assert counts(credly)["total"] == 1


def test_what_nobody_could_read_when_it_arrived_is_not_replayed(run: Run, store: Store) -> None:
    arrive(store, completion(eventId="e-1", userId={"a": 1}), completion(eventId="e-2"))
    refused = run("events", "replay", "1")
    assert (refused.code, "0 of 1" in refused.err, "not readable" in refused.err) == (1, True, True)
    assert "1 of 2 events is worked on again" in run("events", "replay", "1", "2").out
    assert run("events", "replay", "--state", "dead", "--yes").out.startswith("0 events")
    assert [event["state"] for event in run("events", "list", "--json").json] == ["received", "dead"]


def test_a_rejected_award_is_retried(run: Run, store: Store, credly: str) -> None:
    add_rule(store, "*", "course:8801300", "academy", "no-such-template")
    arrive(store, completion(instance="course:8801300_17700991"))
    work(store, {"awards": {"rejected": 1}})
    assert "1 of 1" in run("awards", "retry", "1").out
    assert [award["state"] for award in run("awards", "list", "--json").json] == ["planned"]
    work(store, {"awards": {"rejected": 1}})
    assert "attempt 2" in run("awards", "why", "1").out


def test_pause_holds_release_and_resume_let_go(run: Run, store: Store, credly: str) -> None:
    assert run("pause").code == 0
    assert {row["state"] for row in run("connections", "--json").json} == {"paused"}
    assert run("resume", "acme").code == 0
    arrive(store, completion("15300721"), completion("15300722"))
    work(store, {"awards": {"held": 2}})
    refused = run("awards", "release", "1")
    assert (refused.code, "0 of 1" in refused.err) == (1, True)  # the pause alone holds it
    work(store, {"awards": {"held": 2}})
    assert counts(credly)["total"] == 0
    assert run("resume", "academy").code == 0
    work(store, {"awards": {"issued": 2}})
