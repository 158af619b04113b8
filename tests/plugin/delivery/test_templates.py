"""Awards of a badge template that is not active are held, and go on by themselves once it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from badgerelay.plugin.delivery.refused_templates import FRESH_SECONDS
from badgerelay.plugin.providers.template_sync import sync_templates
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen

from ...support import COURSE, COURSE_TEMPLATE, ROSA, add_rule, badges, calls, until
from ..conftest import Pipeline

LISTED = "GET badge_templates"


def change(pipeline: Pipeline, what: str, template: str = COURSE_TEMPLATE) -> None:
    requests.post(f"{pipeline.credly}/_sandbox/templates/{template}/{what}", timeout=10).raise_for_status()


def new_template(pipeline: Pipeline, state: str) -> str:
    made = requests.post(f"{pipeline.credly}/_sandbox/templates", json={"name": "New", "state": state}, timeout=10)
    return str(made.json()["id"])


def sync(pipeline: Pipeline) -> None:
    academy = pipeline.store.connections.get("academy")
    assert academy is not None
    sync_templates(pipeline.store, academy)


@pytest.fixture
def old_catalogue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However young the catalogue is, it is too old to explain a refusal."""
    monkeypatch.setattr("badgerelay.plugin.delivery.refused_templates.FRESH_SECONDS", 0.0)


def test_an_award_of_a_template_known_to_be_archived_is_held_when_it_is_planned(pipeline: Pipeline) -> None:
    change(pipeline, "archive")
    sync(pipeline)
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"held": 1})
    (award,) = pipeline.store.views.awards()
    assert award["held_for"] == "template"
    assert award["reason"] == "its badge template is archived at the provider: goes on by itself once it is active"
    assert "POST badges" not in calls(pipeline.credly)
    change(pipeline, "restore")
    sync(pipeline)
    pipeline.issued(1)
    assert pipeline.history(award["id"])[1] == "planned: its badge template is active at the provider"


@pytest.mark.parametrize("how", ["archive", "draft", "delete"])
def test_a_template_that_dies_meanwhile_holds_what_the_provider_refuses(
    pipeline: Pipeline, old_catalogue: None, how: str
) -> None:
    sync(pipeline)
    change(pipeline, how)
    pipeline.complete(userId=[str(int(ROSA) + number) for number in range(10)])
    until(lambda: pipeline.states() == {"held": 10})
    assert {award["held_for"] for award in pipeline.store.views.awards()} == {"template"}
    assert pipeline.store.catalogue.state_of("academy", COURSE_TEMPLATE) in ("archived", "draft", "deleted")
    academy = pipeline.store.connections.get("academy")
    assert academy is not None
    assert academy.failures == 0
    change(pipeline, "restore")
    sync(pipeline)
    pipeline.issued(10)


def test_neighbours_of_a_dead_template_go(pipeline: Pipeline, old_catalogue: None) -> None:
    other = new_template(pipeline, "active")
    sync(pipeline)
    add_rule(pipeline.store, "*", COURSE, "academy", other)
    change(pipeline, "archive")
    pipeline.complete(userId=[str(int(ROSA) + number) for number in range(10)])
    until(lambda: pipeline.states() == {"issued": 10, "held": 10})
    assert {badge["badge_template"]["id"] for badge in badges(pipeline.credly)} == {other}


def test_a_new_template_that_the_catalogue_does_not_know_is_sent_at_once(pipeline: Pipeline) -> None:
    sync(pipeline)
    add_rule(pipeline.store, "*", COURSE, "academy", new_template(pipeline, "active"))
    pipeline.complete(userId=ROSA)
    pipeline.issued(2)


def test_a_draft_that_the_catalogue_does_not_know_is_held_until_it_is_published(
    pipeline: Pipeline, old_catalogue: None
) -> None:
    sync(pipeline)
    draft = new_template(pipeline, "draft")
    add_rule(pipeline.store, "*", COURSE, "academy", draft)
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"issued": 1, "held": 1})
    change(pipeline, "restore", draft)
    sync(pipeline)
    pipeline.issued(2)


def test_a_template_that_is_none_is_rejected_after_one_look_at_the_list(pipeline: Pipeline) -> None:
    add_rule(pipeline.store, "*", COURSE, "academy", "no-such-template")
    pipeline.complete(userId=[str(int(ROSA) + number) for number in range(10)])
    until(lambda: pipeline.states() == {"issued": 10, "rejected": 10})
    assert calls(pipeline.credly)[LISTED] == 1
    assert FRESH_SECONDS > 0


def test_while_the_list_cannot_be_believed_a_refused_award_waits(pipeline: Pipeline, old_catalogue: None) -> None:
    sync(pipeline)
    listed = [row.template_id for row in pipeline.store.catalogue.templates()]
    for template in listed:
        change(pipeline, "delete", template)
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"waiting": 1})
    (award,) = pipeline.store.views.awards()
    assert "its templates could not be asked for: the provider lists 0 badge templates" in award["reason"]
    for template in listed:
        change(pipeline, "restore", template)
    pipeline.issued(1)


def test_a_template_that_is_listed_as_active_and_refused_all_the_same_is_tried_again_and_then_rejected(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("refused_templates.FRESH_SECONDS", "refused_templates.ATTEMPTS"):
        monkeypatch.setattr(f"badgerelay.plugin.delivery.{module}", 2)
    change(pipeline, "refuse")
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"rejected": 1})
    (award,) = pipeline.store.views.awards()
    assert "invalid_template" in award["reason"]
    assert sum("which it lists as active" in line for line in pipeline.history(award["id"])) == 1


def test_a_synchronization_holds_what_is_waiting_to_be_sent(pipeline: Pipeline) -> None:
    sync(pipeline)
    pipeline.store.connections.open_circuit("academy", pipeline.store.now(), lambda _: 3600.0, "away")
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"planned": 1})
    change(pipeline, "archive")
    sync(pipeline)
    assert pipeline.states() == {"held": 1}
    pipeline.store.connections.recover("academy")
    change(pipeline, "restore")
    sync(pipeline)
    pipeline.issued(1)


def test_a_paused_connection_keeps_what_a_template_lets_go(pipeline: Pipeline) -> None:
    change(pipeline, "archive")
    sync(pipeline)
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"held": 1})
    pipeline.store.connections.pause(["academy"], pipeline.store.now())
    change(pipeline, "restore")
    sync(pipeline)
    assert pipeline.award()["held_for"] == "pause"
    pipeline.store.connections.resume(["academy"], pipeline.store.now())
    pipeline.engine.wake()
    pipeline.issued(1)


def test_resuming_lets_nothing_go_that_a_template_holds(pipeline: Pipeline) -> None:
    change(pipeline, "archive")
    sync(pipeline)
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"held": 1})
    pipeline.store.connections.pause(["academy"], pipeline.store.now())
    pipeline.store.connections.resume(["academy"], pipeline.store.now())
    assert pipeline.award()["held_for"] == "template"


def test_a_release_by_hand_is_tried_and_held_again_while_the_template_is_dead(pipeline: Pipeline) -> None:
    change(pipeline, "archive")
    sync(pipeline)
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"held": 1})
    assert pipeline.store.repair.release(Chosen(), pipeline.store.now) == 1
    pipeline.engine.wake()
    until(lambda: calls(pipeline.credly).get("POST badges") == 1)
    until(lambda: pipeline.states() == {"held": 1})
    change(pipeline, "restore")
    assert pipeline.store.repair.release(Chosen(), pipeline.store.now) == 1
    pipeline.engine.wake()
    pipeline.issued(1)


def test_age_comes_before_the_template_so_that_nothing_old_goes_by_itself(
    pipeline: Pipeline, serve_app: Callable[..., str]
) -> None:
    with pipeline.store.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE connections SET settings = replace(settings, 'unlimited', '1 minute')")
    change(pipeline, "archive")
    sync(pipeline)
    pipeline.complete(userId=ROSA, dateCompleted="2020-01-01T00:00:00Z")
    until(lambda: pipeline.states() == {"held": 1})
    assert pipeline.award()["held_for"] == "age"
    change(pipeline, "restore")
    sync(pipeline)
    assert pipeline.states() == {"held": 1}


def test_the_engine_synchronizes_by_itself_and_lets_go(pipeline: Pipeline) -> None:
    change(pipeline, "archive")
    sync(pipeline)
    pipeline.complete(userId=ROSA)
    until(lambda: pipeline.states() == {"held": 1})
    change(pipeline, "restore")
    pipeline.store.schedule.call(("academy", "templates"), pipeline.store.now())
    pipeline.issued(1)
    (row,) = [each for each in pipeline.store.schedule.all() if each.task == "templates"]
    assert (row.outcome, row.said) == ("done", "8 badge templates, 1 change")
