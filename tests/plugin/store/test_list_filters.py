"""The lists' filters by badge template, by person and by time."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.sources.decisions import Earns
from badgerelay.plugin.store import NewEvent, Plan, Store
from badgerelay.plugin.store.schema.tables import awards, events, templates

ROSA = {"email": "rosa@example.org", "first_name": "Rosa", "last_name": "Lindqvist", "locale": None}
LI = {"email": "李_1@example.org", "first_name": "Li", "last_name": None, "locale": None}


class Source:
    """Each learner's completion earns the template of the same course."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def decide(self, rows: Any) -> Any:
        people = {"rosa": ROSA, "li": LI}
        for row in rows:
            plan = Plan("academy", row.learning_object_id, people[row.learner_id], self.store.now())
            yield [(row, Earns((plan,), "earned"))]


@pytest.fixture
def earned(store: Store) -> Store:
    """Two learners, two templates: events 1 to 4; event 4 meets the award of event 1; event 5 has no award."""
    for number, (learner, template) in enumerate([("rosa", "t-1"), ("rosa", "t-2"), ("li", "t-1"), ("rosa", "t-1")]):
        event = NewEvent(
            "",
            "my-lms",
            f"e-{number}",
            "lane",
            "course_completed",
            "{}",
            learner_id=learner,
            learning_object_id=template,
        )
        store.inbox.add([event], store.now())
        while decide_batch(store, Source(store), "lane", "decider"):
            pass
    carries = json.dumps({"learner": {"email": "Nobody@Example.org"}})
    store.inbox.add([NewEvent("", "my-lms", "e-5", "other", "course_completed", carries)], store.now())
    row = {"state": "active", "allows_duplicates": False, "synced_at": 0.0}
    with store.database.write() as transaction:
        transaction.execute(
            sa.insert(templates), [{**row, "connection": "academy", "template_id": "t-1", "name": "Safety Path"}]
        )
        transaction.execute(
            sa.insert(templates), [{**row, "connection": "elsewhere", "template_id": "t-2", "name": "Safety path"}]
        )
        transaction.execute(sa.update(awards).where(awards.c.id == 1).values(created_at=100.0))
        transaction.execute(sa.update(events).where(events.c.id == 1).values(received_at=100.0))
    return store


def ids(rows: list[Any]) -> list[int]:
    return [row["id"] for row in rows]


def test_awards_are_filtered_by_template_person_and_time(earned: Store) -> None:
    assert ids(earned.views.awards(template="t-1")) == [3, 1]
    assert ids(earned.views.awards(template="safety PATH")) == [3, 1]  # the name, on the award's own connection
    assert ids(earned.views.awards(email="ROSA@example.org ")) == [2, 1]
    assert ids(earned.views.awards(email="李_1@example.org")) == [3]
    assert ids(earned.views.awards(email="李x1@example.org")) == []
    assert ids(earned.views.awards(email="sa@example.org")) == []
    assert ids(earned.views.awards(since=101.0)) == [3, 2]
    assert ids(earned.views.awards(template="t-1", email="rosa@example.org", since=99.0)) == [1]


def test_events_are_filtered_by_template_person_and_time(earned: Store) -> None:
    assert ids(earned.views.events(template="Safety Path")) == [4, 3, 1]
    assert ids(earned.views.events(template="t-2")) == [2]
    assert ids(earned.views.events(email="rosa@example.org")) == [4, 2, 1]
    assert ids(earned.views.events(email="nobody@example.org")) == [5]
    assert ids(earned.views.events(email="body@example.org")) == []
    assert ids(earned.views.events(since=101.0)) == [5, 4, 3, 2]


def test_names_are_found_by_source_and_id(earned: Store) -> None:
    asked = [("my-lms", "rosa"), ("my-lms", "li"), ("my-lms", "nobody"), ("other-lms", "rosa")]
    assert earned.views.learner_names(asked) == {("my-lms", "rosa"): "Rosa Lindqvist", ("my-lms", "li"): "Li"}
    assert earned.views.template_names()["academy", "t-1"] == "Safety Path"
