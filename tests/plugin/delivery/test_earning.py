"""From completions in ALM's sandbox to badges in Credly's: what ALM says, and what rules of ours do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from badgerelay.plugin.engine.decide import decide_batch, write_decisions
from badgerelay.plugin.reports.explain import explain_award
from badgerelay.plugin.sources.alm.decide import skill_checks
from badgerelay.plugin.sources.alm.decide import skill_progress as achievements
from badgerelay.plugin.sources.alm.decide.source import AlmSource
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen

from ...support import (
    COURSE,
    COURSE_TEMPLATE,
    INSTANCE,
    ROSA,
    TEMPLATE,
    add_rule,
    completion,
    connect_alm,
    connect_credly,
    delivery,
)
from ..conftest import Pipeline

PATH, PATH_TEMPLATE = "learningProgram:164501_152277", "3c51e8d4-07b6-4a92-b1f3-58d0a94c7e21"
CERTIFICATION, CERTIFICATION_TEMPLATE = "certification:171020_190311", "91d2b6f7-4e80-4c3a-8d15-e7a06b3f92c8"
PRACTICE, PLANTS = "course:8801303_17700994", "course:8801304_17700995"
SKILL_TEMPLATE = "0d7e1b52-63ac-4c1f-8f0b-94a7e6d3c215"
NO_BADGE = "course:8801300_17700991"


@pytest.fixture
def joined(store: Store, serve_app: Callable[..., str]) -> Callable[..., str]:
    """Connects ALM's sandbox with these knobs, and gives its address; nothing works on the events yet."""

    def make(**knobs: str) -> str:
        alm = serve_app("alm", **knobs)
        connect_credly(store, serve_app("credly"), max_age="unlimited")
        connect_alm(store, alm, max_age="unlimited")
        return alm

    return make


def arrive(store: Store, *events: dict[str, Any]) -> None:
    connection = store.connections.get("acme")
    assert connection is not None
    store.inbox.add(AlmEndpoint("acme", connection.settings).take(decode(delivery(*events))), store.now())


def decided(store: Store) -> list[dict[str, Any]]:
    """Rounds of decisions until nothing is due; the events, oldest first."""
    while decide_batch(store, AlmSource(store, "acme"), "acme", "decider"):
        pass
    return store.views.events(limit=1000)[::-1]


def later(store: Store, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = store.now() + seconds
    monkeypatch.setattr(store, "now", lambda: now)


def asked(alm: str) -> dict[str, int]:
    found: dict[str, int] = requests.get(f"{alm}/_sandbox/requests", timeout=5).json()["requests"]
    return found


def done(alm: str, store: Store, instance: str, user: str = ROSA, **changes: Any) -> None:
    """ALM keeps the completion and sends its event."""
    request = {"userId": user, "loInstanceId": instance}
    requests.post(f"{alm}/_sandbox/complete", json=request, timeout=5).raise_for_status()
    kind = {"course": "COURSE", "learningProgram": "LEARNING_PATH", "certification": "CERTIFICATION"}
    name = f"{kind[instance.partition(':')[0]]}_COMPLETED"
    arrive(store, completion(user, instance=instance, **{"eventName": name, **changes}))


def test_a_course_a_path_a_certification_and_a_skill_are_four_badges(pipeline: Pipeline) -> None:
    for instance in (INSTANCE, PATH, CERTIFICATION, PRACTICE):
        pipeline.complete(userId=ROSA, loInstanceId=instance)
    badges = pipeline.issued(4, 40)
    assert {badge["badge_template"]["id"] for badge in badges} == {
        *(COURSE_TEMPLATE, PATH_TEMPLATE, CERTIFICATION_TEMPLATE, SKILL_TEMPLATE)
    }
    skill = pipeline.award(template_id=SKILL_TEMPLATE)
    texts = [step.cause for step in explain_award(pipeline.store, skill).steps]
    assert any("by its badge 4411 in ALM" in text for text in texts)
    (practice,) = [event for event in pipeline.store.views.events() if event["learning_object_id"] == PRACTICE]
    assert (practice["state"], practice["reason"]) == ("done", "checks skill:240110:1")


def test_a_rule_of_several_is_met_by_the_last_whichever_it_is(pipeline: Pipeline) -> None:
    add_rule(pipeline.store, "acme", (COURSE, NO_BADGE, PATH.partition("_")[0]), "academy", TEMPLATE, need=2)
    pipeline.complete(userId=ROSA, loInstanceId=NO_BADGE)
    (event,) = pipeline.settled()
    assert event["state"] == "ignored"
    assert event["reason"] == f"1 of 2 of rule 1: missing {COURSE}, {PATH.partition('_')[0]}"
    pipeline.complete(userId=ROSA)
    pipeline.issued(2)
    award = pipeline.award(template_id=TEMPLATE)
    texts = [step.cause for step in explain_award(pipeline.store, award).steps]
    assert any("by rule 1: 2 of course:8801234, course:8801300_17700991, learningProg" in text for text in texts)


def test_two_completions_at_once_are_one_badge_whichever_is_decided_first(
    store: Store, joined: Callable[..., str]
) -> None:
    joined()
    add_rule(store, "acme", (COURSE, NO_BADGE), "academy", TEMPLATE)
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    last = {str(int(ROSA) + each): first + timedelta(minutes=each + 1) for each in range(6)}
    for learner, at in last.items():
        early, late = completion(learner), completion(learner, instance=NO_BADGE)
        early["data"]["dateCompleted"], late["data"]["dateCompleted"] = first.isoformat(), at.isoformat()
        arrive(store, early, late)
    barrier = threading.Barrier(4)

    def work(owner: int) -> None:
        source = AlmSource(store, "acme")
        barrier.wait(10)
        # One event each, so that the two of a learner are in different batches.
        while rows := store.inbox.claim("acme", f"owner-{owner}", 1, store.now()):
            for portion in source.decide(rows):
                write_decisions(store, portion)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    decided(store)
    awards = [award for award in store.views.awards() if award["template_id"] == TEMPLATE]
    assert len(awards) == len(last)
    assert {award["learner_id"]: award["issued_at"] for award in awards} == {
        learner: at.timestamp() for learner, at in last.items()
    }


def test_the_last_of_several_dates_the_badge_also_when_it_is_heard_of_first(
    store: Store, joined: Callable[..., str]
) -> None:
    joined()
    add_rule(store, "*", (COURSE, NO_BADGE), "academy", TEMPLATE)
    early, late = "2026-08-24T09:17:00.000Z", "2026-09-24T09:17:00.000Z"
    arrive(store, completion(instance=NO_BADGE, dateCompleted=late))
    decided(store)
    arrive(store, completion(dateCompleted=early))
    decided(store)
    (award,) = [award for award in store.views.awards() if award["template_id"] == TEMPLATE]
    assert datetime.fromtimestamp(award["issued_at"], UTC).month == 9


def test_what_never_counts_for_a_rule_of_several(store: Store, joined: Callable[..., str]) -> None:
    joined()
    add_rule(store, "acme", (COURSE, NO_BADGE), "academy", TEMPLATE)
    connection = store.connections.get("acme")
    assert connection is not None
    door = AlmEndpoint("acme", connection.settings)
    others = decode(delivery(completion(instance=NO_BADGE), account=99999))
    store.inbox.add(door.take(others), store.now())
    arrive(store, completion(instance=NO_BADGE, hasPassed=False))
    arrive(store, completion(instance=NO_BADGE, hasPassed="perhaps"))
    arrive(store, completion(instance=NO_BADGE, eventName="COURSE_ENROLLMENT"))
    arrive(store, completion("15300722", instance=NO_BADGE))
    arrive(store, completion())
    decided(store)
    assert {award["template_id"] for award in store.views.awards()} == {COURSE_TEMPLATE}


def test_a_rule_for_any_completion_takes_what_was_not_passed(store: Store, joined: Callable[..., str]) -> None:
    alm = joined()
    add_rule(store, "acme", COURSE, "academy", TEMPLATE, passed=False)
    arrive(store, completion(hasPassed=False), completion(instance=NO_BADGE, hasPassed=False))
    first, second = decided(store)
    assert (first["state"], second["state"], second["reason"]) == ("done", "ignored", "completed without passing")
    (award,) = store.views.awards()
    assert award["template_id"] == TEMPLATE
    assert not [route for route in asked(alm) if "learningObjects" in route]


def test_a_rule_that_wants_passing_says_so(store: Store, joined: Callable[..., str]) -> None:
    joined()
    add_rule(store, "acme", COURSE, "academy", TEMPLATE)
    arrive(store, completion(hasPassed=False))
    (event,) = decided(store)
    assert (event["state"], event["reason"]) == ("ignored", "completed without passing (rule 1)")


def test_a_skill_waits_until_alm_says_that_it_is_achieved(
    store: Store, joined: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alm = joined(skill_lag="1.5")
    done(alm, store, PRACTICE)
    practice, check = decided(store)
    assert (practice["state"], check["kind"], check["state"]) == ("done", skill_checks.KIND, "waiting")
    assert "ALM does not say" in check["reason"]
    assert store.views.awards() == []
    time.sleep(2)  # ALM's view has caught up
    later(store, monkeypatch, skill_checks.CHECK_SECONDS[0] + 1)
    assert decided(store)[1]["state"] == "done"
    (award,) = store.views.awards()
    assert award["template_id"] == SKILL_TEMPLATE
    assert award["issued_at"] < award["created_at"]


def test_a_lagging_view_is_asked_again_and_then_given_up(
    store: Store, joined: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alm = joined(skill_lag="1000000")
    done(alm, store, PRACTICE)
    decided(store)
    for pause in skill_checks.CHECK_SECONDS:
        later(store, monkeypatch, pause + 1)
        _, check = decided(store)
    assert check["state"] == "ignored"
    assert asked(alm)["GET /users/<user_id>/userSkills"] == len(skill_checks.CHECK_SECONDS) + 1
    assert store.views.awards() == []


def test_a_level_that_needs_more_credits_is_not_issued_and_the_course_that_brings_them_issues_it(
    store: Store, joined: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alm = joined()
    add_rule(store, "acme", "skill:240110:2", "academy", TEMPLATE)
    done(alm, store, PRACTICE)
    events = decided(store)
    level_2 = next(event for event in events if event["learning_object_id"] == "skill:240110:2")
    assert level_2["reason"] == "the learner has 10 of 20 credits of skill:240110:2 in ALM: not achieved"
    for pause in skill_checks.CHECK_SHORT_SECONDS:
        later(store, monkeypatch, pause + 1)
        events = decided(store)
    assert next(event for event in events if event["id"] == level_2["id"])["state"] == "ignored"
    assert {award["template_id"] for award in store.views.awards()} == {SKILL_TEMPLATE}
    later(store, monkeypatch, 3600)
    done(alm, store, PLANTS)
    decided(store)
    assert {award["template_id"] for award in store.views.awards()} == {SKILL_TEMPLATE, TEMPLATE}


def test_one_answer_serves_all_levels_of_a_learner(store: Store, joined: Callable[..., str]) -> None:
    alm = joined()
    add_rule(store, "acme", ("skill:240110:1", "skill:240110:2"), "academy", TEMPLATE)
    for instance in (PRACTICE, PLANTS):
        done(alm, store, instance)
    decided(store)
    assert asked(alm)["GET /users/<user_id>/userSkills"] == 1
    assert {award["template_id"] for award in store.views.awards()} == {SKILL_TEMPLATE, TEMPLATE}


def test_a_rule_of_a_course_and_a_skill_looks_at_the_skill_when_the_course_is_completed(
    store: Store, joined: Callable[..., str]
) -> None:
    alm = joined()
    add_rule(store, "acme", (COURSE, "skill:240110:1"), "academy", TEMPLATE)
    requests.post(f"{alm}/_sandbox/complete", json={"userId": ROSA, "loInstanceId": PRACTICE}, timeout=5)
    done(alm, store, INSTANCE)  # we hear of this one alone
    course, check = decided(store)
    assert (course["state"], check["state"]) == ("done", "done")
    assert {award["template_id"] for award in store.views.awards()} == {COURSE_TEMPLATE, TEMPLATE}
    (award,) = [award for award in store.views.awards() if award["template_id"] == TEMPLATE]
    assert award["event_id"] == check["id"]


def test_a_replayed_completion_looks_again_and_makes_no_second_badge(
    store: Store, joined: Callable[..., str]
) -> None:
    alm = joined()
    done(alm, store, PRACTICE)
    done(alm, store, PRACTICE)  # as under its other name
    assert len(decided(store)) == 4
    store.repair.replay(Chosen(), store.now)
    store.repair.replay(Chosen(ids=(1,)), store.now)
    events = decided(store)
    assert len(events) == 4
    assert {event["state"] for event in events} == {"done"}
    assert len(store.views.awards()) == 1


def test_a_delivered_event_of_that_name_is_none_of_ours(store: Store, joined: Callable[..., str]) -> None:
    joined()
    arrive(store, completion(eventName=skill_checks.KIND))
    store.repair.replay(Chosen(), store.now)
    (event,) = decided(store)
    assert (event["state"], event["reason"]) == ("ignored", "ALM publishes no event of this name")


@pytest.mark.parametrize("roots", ["prefixed", "plain", "none"])
def test_a_recurring_certification_is_earned_again_each_period(
    roots: str, store: Store, joined: Callable[..., str]
) -> None:
    alm = joined(roots=roots)
    add_rule(store, "acme", "certification:171020", "academy", TEMPLATE)
    renewed = requests.post(f"{alm}/_sandbox/renew", json={"loId": "certification:171020"}, timeout=5).json()
    a_year = timedelta(days=365)
    for instance, moment in (
        (CERTIFICATION, datetime.now(UTC) - a_year),
        (renewed["instance_id"], datetime.now(UTC)),
    ):
        for name in ("CERTIFICATION_COMPLETED", "CERTIFICATION_COMPLETED_BATCH"):
            done(alm, store, instance, eventName=name, dateCompleted=moment.isoformat())
    decided(store)
    store.repair.replay(Chosen(), store.now)
    decided(store)
    awards = {(award["template_id"], award["period"]) for award in store.views.awards()}
    first, second = "certification:171020", renewed["id"]
    expected = {(CERTIFICATION_TEMPLATE, first), (CERTIFICATION_TEMPLATE, second), (TEMPLATE, first)}
    if (
        roots != "none"
    ):  # else nobody can know that the renewal is one: the badge that it carries is earned all the same
        expected.add((TEMPLATE, second))
    assert awards == expected
    assert len(store.views.awards()) == len(expected)
    years = {award["period"]: award["issued_at"] for award in store.views.awards()}
    assert years[second] - years[first] > 360 * 86400


def test_a_renewal_is_a_badge_of_its_own_at_the_provider(pipeline: Pipeline) -> None:
    renewed = requests.post(f"{pipeline.alm}/_sandbox/renew", json={"loId": "certification:171020"}, timeout=5).json()
    a_year_ago = (datetime.now(UTC) - timedelta(days=365)).isoformat()
    pipeline.complete(userId=ROSA, loInstanceId=CERTIFICATION, dateCompleted=a_year_ago, both_names=True)
    pipeline.issued(1)
    pipeline.complete(userId=ROSA, loInstanceId=renewed["instance_id"], both_names=True)
    badges = pipeline.issued(2)
    assert {badge["badge_template"]["id"] for badge in badges} == {CERTIFICATION_TEMPLATE}
    assert len({award["badge_id"] for award in pipeline.store.views.awards()}) == 2


def test_known_skills_are_not_asked_for_again(store: Store, joined: Callable[..., str]) -> None:
    alm = joined()
    done(alm, store, PRACTICE)
    decided(store)
    before = asked(alm)
    store.repair.replay(Chosen(), store.now)
    decided(store)
    assert asked(alm) == before
    assert skill_checks.APART_SECONDS > achievements.FRESH_SECONDS  # a look never meets the answer of the last
