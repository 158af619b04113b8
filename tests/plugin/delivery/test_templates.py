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
from ..conftest import Road

LISTED = "GET badge_templates"


def change(road: Road, what: str, template: str = COURSE_TEMPLATE) -> None:
    requests.post(f"{road.credly}/_sandbox/templates/{template}/{what}", timeout=10).raise_for_status()


def new_template(road: Road, state: str) -> str:
    made = requests.post(f"{road.credly}/_sandbox/templates", json={"name": "New", "state": state}, timeout=10)
    return str(made.json()["id"])


def sync(road: Road) -> None:
    academy = road.store.connections.get("academy")
    assert academy is not None
    sync_templates(road.store, academy)


@pytest.fixture
def old_catalogue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However young the catalogue is, it is too old to explain a refusal."""
    monkeypatch.setattr("badgerelay.plugin.delivery.refused_templates.FRESH_SECONDS", 0.0)


def test_an_award_of_a_template_known_to_be_archived_is_held_when_it_is_planned(road: Road) -> None:
    change(road, "archive")
    sync(road)
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"held": 1})
    (award,) = road.store.views.awards()
    assert award["held_for"] == "template"
    assert award["reason"] == "its badge template is archived at the provider: goes on by itself once it is active"
    assert "POST badges" not in calls(road.credly)
    change(road, "restore")
    sync(road)
    road.issued(1)
    assert road.history(award["id"])[1] == "planned: its badge template is active at the provider"


@pytest.mark.parametrize("how", ["archive", "draft", "delete"])
def test_a_template_that_dies_meanwhile_holds_what_the_provider_refuses(
    road: Road, old_catalogue: None, how: str
) -> None:
    sync(road)
    change(road, how)
    road.complete(userId=[str(int(ROSA) + number) for number in range(10)])
    until(lambda: road.states() == {"held": 10})
    assert {award["held_for"] for award in road.store.views.awards()} == {"template"}
    assert road.store.catalogue.state_of("academy", COURSE_TEMPLATE) in ("archived", "draft", "deleted")
    academy = road.store.connections.get("academy")
    assert academy is not None
    assert academy.failures == 0
    change(road, "restore")
    sync(road)
    road.issued(10)


def test_neighbours_of_a_dead_template_go(road: Road, old_catalogue: None) -> None:
    other = new_template(road, "active")
    sync(road)
    add_rule(road.store, "*", COURSE, "academy", other)
    change(road, "archive")
    road.complete(userId=[str(int(ROSA) + number) for number in range(10)])
    until(lambda: road.states() == {"issued": 10, "held": 10})
    assert {badge["badge_template"]["id"] for badge in badges(road.credly)} == {other}


def test_a_new_template_that_the_catalogue_does_not_know_is_sent_at_once(road: Road) -> None:
    sync(road)
    add_rule(road.store, "*", COURSE, "academy", new_template(road, "active"))
    road.complete(userId=ROSA)
    road.issued(2)


def test_a_draft_that_the_catalogue_does_not_know_is_held_until_it_is_published(
    road: Road, old_catalogue: None
) -> None:
    sync(road)
    draft = new_template(road, "draft")
    add_rule(road.store, "*", COURSE, "academy", draft)
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"issued": 1, "held": 1})
    change(road, "restore", draft)
    sync(road)
    road.issued(2)


def test_a_template_that_is_none_is_rejected_after_one_look_at_the_list(road: Road) -> None:
    add_rule(road.store, "*", COURSE, "academy", "no-such-template")
    road.complete(userId=[str(int(ROSA) + number) for number in range(10)])
    until(lambda: road.states() == {"issued": 10, "rejected": 10})
    assert calls(road.credly)[LISTED] == 1
    assert FRESH_SECONDS > 0


def test_while_the_list_cannot_be_believed_a_refused_award_waits(road: Road, old_catalogue: None) -> None:
    sync(road)
    listed = [row.template_id for row in road.store.catalogue.templates()]
    for template in listed:
        change(road, "delete", template)
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"waiting": 1})
    (award,) = road.store.views.awards()
    assert "its templates could not be asked for: the provider lists 0 badge templates" in award["reason"]
    for template in listed:
        change(road, "restore", template)
    road.issued(1)


def test_a_template_that_is_listed_as_active_and_refused_all_the_same_is_tried_again_and_then_rejected(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("refusals.FRESH_SECONDS", "refusals.ATTEMPTS"):
        monkeypatch.setattr(f"badgerelay.plugin.delivery.{module}", 2)
    change(road, "refuse")
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"rejected": 1})
    (award,) = road.store.views.awards()
    assert "invalid_template" in award["reason"]
    assert sum("which it lists as active" in line for line in road.history(award["id"])) == 1


def test_a_synchronization_holds_what_is_waiting_to_be_sent(road: Road) -> None:
    sync(road)
    road.store.connections.rest("academy", road.store.now(), lambda _: 3600.0, "away")
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"planned": 1})
    change(road, "archive")
    sync(road)
    assert road.states() == {"held": 1}
    road.store.connections.recover("academy")
    change(road, "restore")
    sync(road)
    road.issued(1)


def test_a_paused_connection_keeps_what_a_template_lets_go(road: Road) -> None:
    change(road, "archive")
    sync(road)
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"held": 1})
    road.store.connections.pause(["academy"], road.store.now())
    change(road, "restore")
    sync(road)
    assert road.award()["held_for"] == "pause"
    road.store.connections.resume(["academy"], road.store.now())
    road.engine.wake()
    road.issued(1)


def test_resuming_lets_nothing_go_that_a_template_holds(road: Road) -> None:
    change(road, "archive")
    sync(road)
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"held": 1})
    road.store.connections.pause(["academy"], road.store.now())
    road.store.connections.resume(["academy"], road.store.now())
    assert road.award()["held_for"] == "template"


def test_a_release_by_hand_is_tried_and_held_again_while_the_template_is_dead(road: Road) -> None:
    change(road, "archive")
    sync(road)
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"held": 1})
    assert road.store.repair.release(Chosen(), road.store.now) == 1
    road.engine.wake()
    until(lambda: calls(road.credly).get("POST badges") == 1)
    until(lambda: road.states() == {"held": 1})
    change(road, "restore")
    assert road.store.repair.release(Chosen(), road.store.now) == 1
    road.engine.wake()
    road.issued(1)


def test_age_comes_before_the_template_so_that_nothing_old_goes_by_itself(
    road: Road, serve_app: Callable[..., str]
) -> None:
    with road.store.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE connections SET settings = replace(settings, 'unlimited', '1 minute')")
    change(road, "archive")
    sync(road)
    road.complete(userId=ROSA, dateCompleted="2020-01-01T00:00:00Z")
    until(lambda: road.states() == {"held": 1})
    assert road.award()["held_for"] == "age"
    change(road, "restore")
    sync(road)
    assert road.states() == {"held": 1}


def test_the_engine_synchronizes_by_itself_and_lets_go(road: Road) -> None:
    change(road, "archive")
    sync(road)
    road.complete(userId=ROSA)
    until(lambda: road.states() == {"held": 1})
    change(road, "restore")
    road.store.schedule.call(("academy", "templates"), road.store.now())
    road.issued(1)
    (row,) = [each for each in road.store.schedule.all() if each.task == "templates"]
    assert (row.outcome, row.said) == ("done", "8 badge templates, 1 change")
