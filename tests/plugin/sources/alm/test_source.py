from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
import sqlalchemy as sa

from badgerelay.adapters.values import BadgeTemplate
from badgerelay.plugin.connections.schemas import secret_keys
from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.sources.alm.decide.conclude import MAX_UNKNOWN
from badgerelay.plugin.sources.alm.decide.source import AlmSource
from badgerelay.plugin.sources.alm.settings import AlmSettings
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint
from badgerelay.plugin.sources.alm.webhook.synthetic_events import skill_created
from badgerelay.plugin.sources.decisions import Ignores
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import events

from ....support import add_rule, alm_values, completion, delivery
from .test_client import API, REFRESH, user

GOOD, BAD, OTHER = "course:1_1", "course:2_1", "course:3_1"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(REFRESH, json={"access_token": "t-1", "expires_in": 604800})
        yield mock


@pytest.fixture
def connected(store: Store) -> Store:
    store.connections.save("academy", "provider", "credly", "", {}, {}, store.now())
    connect_account(store, "academy")
    return store


def connect_account(store: Store, provider: Any) -> None:
    values = AlmSettings().load(alm_values("learningmanager.adobe.com", provider=provider))
    secret = {key: values.pop(key) for key in secret_keys(AlmSettings)}
    store.connections.save("acme", "source", "alm", "", values, secret, store.now())


def arrive(store: Store, *events: dict[str, Any], account: Any = 70412) -> None:
    connection = store.connections.get("acme")
    assert connection is not None
    store.inbox.add(
        AlmEndpoint("acme", connection.settings).take(decode(delivery(*events, account=account))), store.now()
    )


def complete(store: Store, *completions: tuple[str, str]) -> None:
    """Add completions to the inbox. :param completions: the learner and the instance of each."""
    arrive(
        store,
        *(
            completion(learner, instance=instance, eventId=f"{learner} {instance}")
            for learner, instance in completions
        ),
    )


def object_url(instance: str) -> str:
    return f"{API}/learningObjects/{instance.partition('_')[0].replace(':', '%3A')}"


def with_badge(template_id: Any, instance: str = BAD, provider: str = "Credly") -> dict[str, Any]:
    badge = {
        "id": "b",
        "type": "badge",
        "attributes": {"name": "B", "externalProvider": {"id": template_id, "provider": provider}},
    }
    tie = {"badge": {"data": {"id": "b", "type": "badge"}}}
    resource = {"id": instance, "type": "learningObjectInstance", "attributes": {}, "relationships": tie}
    pointers = {"instances": {"data": [{"id": instance, "type": "learningObjectInstance"}]}}
    learning_object = {"id": instance.partition("_")[0], "type": "learningObject", "relationships": pointers}
    return {"data": learning_object, "included": [resource, badge]}


def decided(store: Store) -> dict[str, str]:
    """Decide one batch. Returns the state of each event, by learner and instance."""
    decide_batch(store, AlmSource(store, "acme"), "acme", "owner")
    return {event["event_id"]: event["state"] for event in store.views.events()}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"json": with_badge("x" * 256)},
        {"json": with_badge("\0")},
        {"json": {"data": []}},
        {"body": json.dumps(with_badge("t")).replace('"data": {', '"data": 7, "x": {', 1)},
    ],
    ids=["500", "long template", "unstorable template", "no instance", "another shape"],
)
def test_a_failing_learning_object_delays_no_other(
    answer: dict[str, Any], connected: Store, wire: responses.RequestsMock
) -> None:
    wire.get(object_url(BAD), **answer)
    for instance in (GOOD, OTHER):
        wire.get(object_url(instance), json=with_badge("t-1", instance))
    wire.get(f"{API}/users/7", json={"data": user("7")})
    complete(connected, ("7", BAD), ("7", GOOD), ("7", OTHER))
    assert decided(connected) == {f"7 {BAD}": "waiting", f"7 {GOOD}": "done", f"7 {OTHER}": "done"}
    connection = connected.connections.get("acme")
    assert connection is not None
    assert connection.failures == 0


def test_the_provider_that_a_badge_names_chooses_among_the_accounts_connections(
    connected: Store, wire: responses.RequestsMock
) -> None:
    connected.connections.save("canvas", "provider", "badgr", "", {}, {}, connected.now())
    connect_account(connected, ["academy", "canvas"])
    for instance, provider in ((GOOD, "CREDLY"), (BAD, "Badgr"), (OTHER, "Accredible")):
        wire.get(object_url(instance), json=with_badge("t-1", instance, provider))
    wire.get(f"{API}/users/7", json={"data": user("7")})
    complete(connected, ("7", GOOD), ("7", BAD), ("7", OTHER))
    assert decided(connected) == {f"7 {GOOD}": "done", f"7 {BAD}": "done", f"7 {OTHER}": "ignored"}
    assert sorted(award["connection"] for award in connected.views.awards()) == ["academy", "canvas"]
    (reason,) = [event["reason"] for event in connected.views.events() if event["state"] == "ignored"]
    assert "belongs to the provider 'Accredible', and this account has 'academy' (credly), 'canvas' (badgr)" in reason


def test_completions_go_before_new_skills_and_those_read_the_catalogue_once(
    connected: Store, wire: responses.RequestsMock
) -> None:
    account = connected.connections.get("acme")
    assert account is not None
    connected.catalogue.synchronize("academy", [BadgeTemplate("t-1", "Diving", "active")], connected.now())
    skills = [{"skillId": key, "name": key, "levels": [{"level": 1, "name": None, "badge": None}]} for key in "abc"]
    connected.inbox.add([skill_created(account, skill) for skill in skills], connected.now())
    wire.get(object_url(GOOD), json=with_badge("t-1", GOOD))
    wire.get(f"{API}/users/7", json={"data": user("7")})
    complete(connected, ("7", GOOD))
    rows = connected.inbox.claim("acme", "owner", 9, connected.now())
    portions = (portion for portion in AlmSource(connected, "acme").decide(rows) if portion)
    asked: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", see)
    try:
        kinds = [row.kind for portion in portions for row, _ in portion]
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", see)
    assert kinds == ["COURSE_COMPLETED", *["SKILL_CREATED"] * 3]
    assert sum("templates.name" in statement for statement in asked) == 1


def test_a_badge_whose_id_alm_writes_in_other_cases_is_the_provider_s(
    connected: Store, wire: responses.RequestsMock
) -> None:
    ids = ("t-one", "t-two", "T-two")
    active = [BadgeTemplate(each, each, "archived" if each == "t-one" else "active") for each in ids]
    connected.catalogue.synchronize("academy", active, connected.now())
    add_rule(connected, "acme", "course:1", "academy", "t-one")
    for instance, template in ((GOOD, "T-ONE"), (BAD, "T-TWO"), (OTHER, "T-two")):
        wire.get(object_url(instance), json=with_badge(template, instance))
    wire.get(f"{API}/users/7", json={"data": user("7")})
    complete(connected, ("7", GOOD), ("7", BAD), ("7", OTHER))
    decided(connected)
    awards = {award["template_id"]: award["held_for"] for award in connected.views.awards()}
    assert awards == {"t-one": "template", "T-TWO": None, "T-two": None}


def test_a_failing_learner_delays_no_other(connected: Store, wire: responses.RequestsMock) -> None:
    wire.get(object_url(GOOD), json=with_badge("t-1", GOOD))
    wire.get(f"{API}/users", status=500)
    wire.get(f"{API}/users/7", status=500)
    wire.get(f"{API}/users/8", json={"data": user("8")})
    complete(connected, ("7", GOOD), ("8", GOOD))
    assert decided(connected) == {f"7 {GOOD}": "waiting", f"8 {GOOD}": "done"}


def test_two_failures_open_the_circuit_and_lose_nothing(connected: Store, wire: responses.RequestsMock) -> None:
    for instance in (GOOD, BAD, OTHER):
        wire.get(object_url(instance), status=503)
    complete(connected, ("7", GOOD), ("7", BAD), ("7", OTHER))
    assert set(decided(connected).values()) == {"waiting"}
    assert sum("learningObjects" in str(call.request.url) for call in wire.calls) == 2
    connection = connected.connections.get("acme")
    assert connection is not None
    assert connection.failures == 1


@pytest.mark.parametrize(
    ("event", "account", "state"),
    [
        (completion("7", instance=GOOD, eventId="e", eventName="CERTIFICATION_ENROLLMENT"), 70412, "ignored"),
        (
            completion("7", instance=GOOD, eventId="e", eventName="SOMETHING_NEW", dateCompleted="soon"),
            70412,
            "ignored",
        ),
        (completion("7", instance=GOOD, eventId="e"), 99999, "ignored"),
        (completion("7", instance=GOOD, eventId="e"), {"x": 1}, "ignored"),
        (completion("7", instance=GOOD, eventId="e", hasPassed=False), 70412, "ignored"),
        (completion("7", instance=GOOD, eventId="e", hasPassed="false"), 70412, "dead"),
    ],
    ids=["another event", "an unknown event", "another account", "an unreadable account", "not passed", "no boolean"],
)
def test_what_earned_nothing_on_arrival_earns_nothing_when_it_is_replayed(
    event: dict[str, Any], account: Any, state: str, connected: Store, wire: responses.RequestsMock
) -> None:
    wire.get(object_url(GOOD), json=with_badge("t-1", GOOD))
    wire.get(f"{API}/users/7", json={"data": user("7")})
    arrive(connected, event, account=account)
    assert decided(connected)["e"] == state
    connected.repair.replay(Chosen(), connected.now)
    assert decided(connected)["e"] == state
    assert connected.views.awards() == []


def test_events_of_an_unreadable_account_do_not_stand_in_for_our_own(connected: Store) -> None:
    arrive(connected, completion("7", instance=GOOD, eventId="e"), account={"x": 1})
    arrive(connected, completion("7", instance=GOOD, eventId="e"))
    assert {row["source"]: row["state"] for row in connected.views.events() if row["event_id"] == "e"} == {
        "alm:?": "ignored",
        "alm:70412": "received",
    }


def one_decision(store: Store) -> Any:
    rows = store.inbox.claim("acme", "owner", 1, store.now())
    portions = list(AlmSource(store, "acme").decide(rows))
    return next(decision for portion in portions for _, decision in portion)


def bare(instance: str) -> dict[str, Any]:
    pointers = {"instances": {"data": [{"id": instance, "type": "learningObjectInstance"}]}}
    resource = {"id": instance, "type": "learningObjectInstance"}
    learning_object = {"id": instance.partition("_")[0], "type": "learningObject", "relationships": pointers}
    return {"data": learning_object, "included": [resource]}


@pytest.mark.parametrize(
    ("rule", "passed", "unmapped"),
    [(None, True, True), (("course:1", "course:2"), True, False), (None, False, False)],
    ids=["nothing is tied", "a rule wants more", "not passed"],
)
def test_only_where_nothing_is_tied_a_completion_counts_as_unmapped(
    rule: tuple[str, ...] | None, passed: bool, unmapped: bool, connected: Store, wire: responses.RequestsMock
) -> None:
    wire.get(object_url(GOOD), json=bare(GOOD))
    if rule is not None:
        add_rule(connected, "acme", rule, "academy", "t-1")
    arrive(connected, completion("7", instance=GOOD, hasPassed=passed))
    decision = one_decision(connected)
    assert isinstance(decision, Ignores)
    assert decision.unmapped is unmapped


def test_a_rule_s_badge_waits_for_alm_but_not_for_ever(connected: Store, wire: responses.RequestsMock) -> None:
    wire.get(object_url(BAD), status=500)
    wire.get(f"{API}/users/7", json={"data": user("7")})
    add_rule(connected, "acme", "course:2", "academy", "t-1")
    complete(connected, ("7", BAD))
    for _ in range(MAX_UNKNOWN - 1):
        assert decided(connected)[f"7 {BAD}"] == "waiting"
        with connected.database.write() as connection:
            connection.execute(sa.update(events).values(due_at=0.0))
    assert decided(connected)[f"7 {BAD}"] == "done"
    assert [award["template_id"] for award in connected.views.awards()] == ["t-1"]


def test_failing_skills_of_a_learner_delay_no_other(connected: Store, wire: responses.RequestsMock) -> None:
    level = {"id": "5_1", "type": "skillLevel", "attributes": {"maxCredits": "10"}}
    level["relationships"] = {"badge": {"data": {"id": "b", "type": "badge"}}}
    document = with_badge("t-2", GOOD)
    document["data"]["relationships"]["skills"] = {"data": [{"id": "x", "type": "learningObjectSkill"}]}
    pointer = {"skillLevel": {"data": {"id": "5_1", "type": "skillLevel"}}}
    document["included"] += [level, {"id": "x", "type": "learningObjectSkill", "relationships": pointer}]
    wire.get(object_url(GOOD), json=document)
    wire.get(f"{API}/users", status=400)
    for learner in ("7", "8"):
        wire.get(f"{API}/users/{learner}", json={"data": user(learner)})
    wire.get(f"{API}/users/7/userSkills", json={"data": [{"id": "u", "type": "userSkill", "relationships": pointer}]})
    odd = {"id": "u", "type": "userSkill", "attributes": {"dateAchieved": "soon"}, "relationships": pointer}
    wire.get(f"{API}/users/8/userSkills", json={"data": [odd]})
    complete(connected, ("7", GOOD), ("8", GOOD))
    assert set(decided(connected).values()) == {"done", "received"}
    reasons = {event["learner_id"]: event["reason"] for event in _skill_checks(connected)}
    assert reasons == {
        "7": "ALM does not say that the learner has achieved skill:5:1",
        "8": "ALM's answer is not understood: userSkill.dateAchieved is not a date",
    }


def _skill_checks(store: Store) -> list[dict[str, Any]]:
    decided(store)
    return [event for event in store.views.events(state="waiting") if event["kind"] == "SKILL_CHECK"]
