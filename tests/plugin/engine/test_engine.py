from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from badgerelay.adapters.sandbox import BackgroundServer
from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.reports.explain import explain_award, explain_event
from badgerelay.plugin.sources.alm.sandbox import make_sandbox
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import awards

from ...support import (
    COURSE,
    COURSE_TEMPLATE,
    ROSA,
    TEMPLATE,
    TOKEN,
    add_rule,
    badges,
    calls,
    completion,
    connect_alm,
    connect_credly,
    counts,
    delivery,
    set_faults,
    until,
)
from ..conftest import Pipeline

OTHER_PROVIDERS_COURSE = "course:8801301_17700992"
NO_BADGE = "course:8801300_17700991"


def learners(number: int, first: int = 0) -> list[str]:
    return [str(int(ROSA) + each) for each in range(first, first + number)]


def test_a_completed_course_becomes_a_badge(pipeline: Pipeline) -> None:
    completed = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
    pipeline.complete(userId=ROSA, dateCompleted=completed.isoformat())
    (badge,) = pipeline.issued(1)
    assert badge["badge_template"]["id"] == COURSE_TEMPLATE
    assert badge["recipient_email"] == "rosa.lindqvist@example.org"
    assert badge["issuer_earner_id"] == f"alm:70412:{ROSA}"
    assert datetime.fromisoformat(badge["issued_at"]) == completed
    (award,) = pipeline.store.views.awards()
    assert (award["badge_id"], award["reason"]) == (badge["id"], None)
    assert pipeline.history(award["id"])[-2:] == ["sending: attempt 1", f"issued: issued: badge {badge['id']}"]


def test_the_whole_way_is_told_in_the_order_in_which_it_went(pipeline: Pipeline) -> None:
    pipeline.complete(userId=ROSA)
    pipeline.issued(1)
    (award,), (event,) = pipeline.store.views.awards(), pipeline.store.views.events()
    explanation = explain_award(pipeline.store, award)
    assert explanation == explain_event(pipeline.store, event)
    assert explanation.correlation_id == award["correlation_id"] == event["correlation_id"]
    assert [step.state for step in explanation.steps if step.about == "award 1"] == ["planned", "sending", "issued"]
    assert explanation.steps[0].state == "received"
    assert [step.at for step in explanation.steps] == sorted(step.at for step in explanation.steps)


def test_both_names_of_one_completion_and_every_repetition_are_one_badge(pipeline: Pipeline) -> None:
    pipeline.complete(userId=ROSA, both_names=True, times=3)
    pipeline.settled(2)
    pipeline.deliver(completion(ROSA), completion(ROSA))
    assert {event["state"] for event in pipeline.settled(4)} == {"done"}
    pipeline.issued(1)
    assert len(pipeline.store.views.events()) == 4
    assert "already award 1" in {event["reason"] for event in pipeline.store.views.events()}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"hasPassed": False}, "without passing"),
        ({"loInstanceId": OTHER_PROVIDERS_COURSE}, "'another-provider'"),
        ({"loInstanceId": NO_BADGE}, "no badge hangs on it"),
        ({"loInstanceId": "course:8801302_17700993"}, "names no badge template"),
    ],
)
def test_a_completion_that_earns_nothing_says_why(pipeline: Pipeline, options: dict[str, Any], reason: str) -> None:
    pipeline.complete(userId=ROSA, **options)
    (event,) = pipeline.settled()
    assert event["state"] == "ignored"
    assert reason in event["reason"]
    explained = explain_event(pipeline.store, event)
    assert reason in explained.steps[-1].cause
    assert pipeline.states() == {}


@pytest.mark.parametrize(
    "instance", ["learningProgram:164501_152277", "certification:171020_190311"], ids=["path", "certification"]
)
def test_paths_and_certifications_earn_their_badges_and_those_of_rules(pipeline: Pipeline, instance: str) -> None:
    object_id = instance.rpartition("_")[0]
    add_rule(pipeline.store, "acme", object_id, "academy", TEMPLATE)
    pipeline.complete(userId=ROSA, loInstanceId=instance)
    assert len({badge["badge_template"]["id"] for badge in pipeline.issued(2)} - {TEMPLATE}) == 1


def test_a_learner_without_an_address_is_dead_until_it_is_repaired(
    store: Store, serve_app: Callable[..., str]
) -> None:
    alm = make_sandbox({"provider": "credly"})
    hidden = [True]

    @alm.after_request
    def without_address(response: Any) -> Any:
        if response.is_json or "json" in (response.mimetype or ""):
            document = json.loads(response.get_data())
            records = document.get("data") if isinstance(document, dict) else None
            for record in records if isinstance(records, list) else [records]:
                if hidden[0] and isinstance(record, dict) and record.get("type") == "user":
                    record["attributes"].pop("email", None)
            response.set_data(json.dumps(document))
        return response

    with BackgroundServer(alm) as server:
        connect_credly(store, serve_app("credly"))
        connect_alm(store, server.url)
        engine = make_engine(store)
        engine.start()
        _knock(store, completion())
        until(lambda: store.views.counts()["events"] == {"dead": 1})
        (event,) = store.views.events()
        assert "no e-mail address in ALM" in event["reason"]
        hidden[0] = False
        store.repair.replay(Chosen(ids=(event["id"],)), store.now)
        until(lambda: store.views.counts()["awards"] == {"issued": 1})
        engine.stop()
        alm.extensions["alm_webhooks"].stop()


def test_a_provider_that_was_away_gets_what_waited(pipeline: Pipeline) -> None:
    set_faults(pipeline.credly, "down=1")
    pipeline.complete(userId=learners(5))
    until(lambda: pipeline.states().get("waiting") or pipeline.states().get("sending"))
    time.sleep(1)
    assert "issued" not in pipeline.states()
    set_faults(pipeline.credly, "")
    pipeline.issued(5, 30)


def test_a_provider_behind_a_broken_proxy_is_waited_for(store: Store, serve_app: Callable[..., str]) -> None:
    credly, alm = serve_app("credly"), serve_app("alm")
    connect_credly(store, credly)
    connect_alm(store, alm)
    set_faults(credly, "html502=1")
    engine = make_engine(store)
    engine.start()
    add_rule(store, "*", COURSE, "academy", TEMPLATE)
    _knock(store, completion())

    def trouble() -> str | None:
        academy = store.connections.get("academy")
        return academy.trouble if academy else None

    until(trouble)
    set_faults(credly, "")
    until(lambda: store.views.counts()["awards"].get("issued") == 2, 30)
    assert trouble() is None
    assert counts(credly)["duplicates"] == 0
    engine.stop()


def test_a_badge_that_is_made_after_its_answer_was_given_up_is_not_sent_again(
    pipeline: Pipeline, serve_app: Callable[..., str]
) -> None:
    lax = serve_app("credly", allow_duplicates="on")
    connect_credly(pipeline.store, lax, read_timeout=0.2, max_age="unlimited")
    set_faults(lax, "slow=#1:3")
    pipeline.complete(userId=ROSA)
    until(lambda: [award for award in pipeline.store.views.awards() if award["state"] == "issued"], 20)
    time.sleep(3.2)  # a first request that was sent again would be carried out by now
    assert counts(lax)["total"] == 1


def test_lost_answers_make_no_second_badge(pipeline: Pipeline) -> None:
    set_faults(pipeline.credly, "lost=#3")
    pipeline.complete(userId=learners(6))
    pipeline.issued(6, 40)
    assert counts(pipeline.credly)["duplicates"] == 0
    known = [award for award in pipeline.store.views.awards() if award["attempts"] > 1]
    assert known
    assert any("looking at the provider first" in line for line in pipeline.history(known[0]["id"]))


def test_a_storm_of_faults_ends_with_each_badge_once(pipeline: Pipeline) -> None:
    set_faults(pipeline.credly, "lost=0.15,500=0.1,500after=0.1,html502=0.1,429=0.05:0.1,seed=3")
    pipeline.complete(userId=learners(40))
    until(lambda: pipeline.states("events").get("done") == 40, 30)
    time.sleep(1)
    set_faults(pipeline.credly, "")
    pipeline.issued(40, 60)
    assert counts(pipeline.credly)["duplicates"] == 0


def test_a_wait_that_the_provider_asks_for_is_kept(pipeline: Pipeline) -> None:
    set_faults(pipeline.credly, "429=#1:2")
    pipeline.complete(userId=ROSA)
    pipeline.issued(1)
    posts = [at for at, kind in requests.get(f"{pipeline.credly}/_sandbox/requests", timeout=5).json()["posts"]]
    assert 2.0 <= posts[1] - posts[0] < 4.5


def test_a_revoked_token_stops_until_the_connection_is_made_again(pipeline: Pipeline) -> None:
    requests.post(
        f"{pipeline.credly}/_sandbox/tokens", json={"token": TOKEN, "replacement": "a-new-token"}, timeout=5
    ).raise_for_status()
    pipeline.complete(userId=learners(3))

    def trouble() -> str | None:
        academy = pipeline.store.connections.get("academy")
        return academy.trouble if academy else None

    assert "token" in until(trouble)
    until(lambda: pipeline.states() == {"waiting": 3} or pipeline.states().get("planned"))
    assert connect_credly(pipeline.store, pipeline.credly, token="a-new-token") == "changed"
    pipeline.issued(3)
    assert trouble() is None


def test_newer_settings_do_not_suffer_for_what_older_ones_met(pipeline: Pipeline) -> None:
    used = pipeline.store.connections.get("academy")
    assert used is not None
    assert connect_credly(pipeline.store, pipeline.credly, read_timeout=3) == "changed"
    now = pipeline.store.now()
    assert not pipeline.store.connections.open_circuit(
        "academy", now, lambda _: 300.0, "401", updated_at=used.updated_at
    )
    newer = pipeline.store.connections.get("academy")
    assert newer is not None
    assert (newer.retry_at, newer.trouble) == (0.0, None)
    assert pipeline.store.connections.open_circuit(
        "academy", now, lambda _: 300.0, "401", updated_at=newer.updated_at
    )


def test_an_award_that_met_wrong_credentials_waits_no_longer_than_its_connection(pipeline: Pipeline) -> None:
    # The answer to the old token may come when the new one has been saved already.
    change = {"token": TOKEN, "replacement": "a-new-token"}
    requests.post(f"{pipeline.credly}/_sandbox/tokens", json=change, timeout=5).raise_for_status()
    pipeline.complete(userId=learners(3))
    until(lambda: pipeline.states().get("waiting"))
    with pipeline.store.database.read() as connection:
        latest = connection.scalar(sa.select(sa.func.max(awards.c.due_at)).where(awards.c.state == "waiting"))
    assert latest < pipeline.store.now() + 5


def test_a_revoked_refresh_token_stops_until_alm_is_connected_again(
    store: Store, serve_app: Callable[..., str]
) -> None:
    credly, alm = serve_app("credly"), serve_app("alm")
    connect_credly(store, credly)
    connect_alm(store, alm)
    plain = {key: value for key, value in (_settings(store, "acme")).items() if key != "refresh_token"}
    store.connections.save("acme", "source", "alm", "", plain, {"refresh_token": "revoked"}, store.now())
    engine = make_engine(store)
    engine.start()
    _knock(store, completion())
    until(lambda: store.views.counts()["events"] == {"waiting": 1})
    assert connect_alm(store, alm) == "changed"
    until(lambda: store.views.counts()["awards"] == {"issued": 1})
    engine.stop()


def test_a_broken_connection_does_not_hold_another(pipeline: Pipeline, serve_app: Callable[..., str]) -> None:
    other = serve_app("credly")
    connect_credly(pipeline.store, other, "elsewhere")
    add_rule(pipeline.store, "*", COURSE, "elsewhere", TEMPLATE)
    set_faults(pipeline.credly, "slow=1:8")
    pipeline.complete(userId=learners(20))
    until(lambda: counts(other)["total"] == 20)
    assert counts(pipeline.credly)["total"] == 0
    assert len(badges(other)) == 20


@pytest.mark.usefixtures("rubbish")
def test_an_adapter_that_breaks_its_contract_harms_only_its_own_award(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    connect(pipeline.store, Declared("rubbish", "bin", {}))
    wrong = ("raises", "none", "text", "number", "long")
    for template in ("fine", "unstorable", *wrong):
        add_rule(pipeline.store, "*", COURSE, "bin", template)
    pipeline.store.connections.pause(["bin"], pipeline.store.now())
    pipeline.complete(userId=learners(3))
    until(lambda: pipeline.states().get("held") == 21)
    pipeline.store.connections.resume(["bin"], pipeline.store.now())
    until(lambda: len(pipeline.store.views.awards(state="issued", connection="bin")) == 3, 40)
    until(lambda: len(pipeline.store.views.awards(state="rejected", connection="bin")) == 3, 40)
    waiting = pipeline.store.views.awards(state="waiting", connection="bin") + pipeline.store.views.awards(
        state="sending", connection="bin"
    )
    assert {award["template_id"] for award in waiting} == set(wrong)
    assert all(award["in_doubt"] for award in waiting)
    texts = caplog.text + json.dumps([pipeline.history(award["id"]) for award in pipeline.store.views.awards()])
    assert "broke its contract" in caplog.text
    assert "@example.org" not in texts


def test_many_due_awards_leave_in_few_calls(pipeline: Pipeline) -> None:
    pipeline.store.connections.pause(["academy"], pipeline.store.now())
    pipeline.complete(userId=learners(120))
    until(lambda: pipeline.states().get("held") == 120)
    before = calls(pipeline.credly).get("POST badges/batch", 0)
    pipeline.store.connections.resume(["academy"], pipeline.store.now())
    pipeline.issued(120)
    assert 3 <= calls(pipeline.credly)["POST badges/batch"] - before <= 4
    assert "POST badges" not in calls(pipeline.credly)


def test_what_is_paused_is_held_and_goes_when_it_is_resumed(pipeline: Pipeline) -> None:
    pipeline.store.connections.pause(["academy"], pipeline.store.now())
    pipeline.complete(userId=learners(3))
    until(lambda: pipeline.states() == {"held": 3})
    time.sleep(0.5)
    assert counts(pipeline.credly)["total"] == 0
    pipeline.store.connections.resume(["academy"], pipeline.store.now())
    pipeline.engine.wake()
    pipeline.issued(3)


def test_a_bad_template_is_rejected_and_its_neighbours_go(pipeline: Pipeline) -> None:
    add_rule(pipeline.store, "*", COURSE, "academy", "no-such-template")
    pipeline.complete(userId=learners(10))
    until(lambda: pipeline.states() == {"issued": 10, "rejected": 10})
    assert "invalid_template" in pipeline.award(state="rejected")["reason"]


def test_a_restart_asks_alm_nothing_twice(pipeline: Pipeline) -> None:
    pipeline.complete(userId=ROSA)
    pipeline.issued(1)
    pipeline.engine.stop()
    asked = requests.get(f"{pipeline.alm}/_sandbox/requests", timeout=5).json()["total"]
    engine = make_engine(pipeline.store)
    engine.start()
    pipeline.store.repair.replay(Chosen(ids=(1,)), pipeline.store.now)
    _knock(pipeline.store, completion(ROSA))
    until(lambda: pipeline.states("events") == {"done": 2})
    assert requests.get(f"{pipeline.alm}/_sandbox/requests", timeout=5).json()["total"] == asked
    engine.stop()


def test_alm_that_fails_or_throttles_is_waited_for(pipeline: Pipeline) -> None:
    set_faults(pipeline.alm, "429=#1:1,500=#1,html502=#1,expired=#1")
    pipeline.complete(userId=ROSA)
    pipeline.issued(1, 40)


def test_two_engines_on_one_database_share_the_work(pipeline: Pipeline) -> None:
    second = make_engine(pipeline.store)
    second.start()
    set_faults(pipeline.credly, "latency=0.05")
    pipeline.complete(userId=learners(100))
    pipeline.issued(100, 40)
    assert counts(pipeline.credly)["duplicates"] == 0
    second.stop()


def test_an_old_completion_keeps_its_date(pipeline: Pipeline) -> None:
    long_ago = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=400)
    pipeline.deliver(completion(ROSA, dateCompleted=long_ago.isoformat()))
    (badge,) = pipeline.issued(1)
    assert datetime.fromisoformat(badge["issued_at"]) == long_ago


def _settings(store: Store, name: str) -> dict[str, Any]:
    connection = store.connections.get(name)
    assert connection is not None
    return dict(connection.settings)


def _knock(store: Store, *events: Any) -> None:
    """What the receiver does with a delivery, without HTTP."""
    store.inbox.add(AlmEndpoint("acme", _settings(store, "acme")).take(decode(delivery(*events))), store.now())
