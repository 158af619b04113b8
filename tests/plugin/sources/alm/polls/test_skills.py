"""New skills, found by their ids: the first poll learns them, each later poll reports a new one once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters.errors import OverBudgetError
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.providers.template_sync import sync_templates
from badgerelay.plugin.sources.alm.api.errors import FailedRequestError
from badgerelay.plugin.sources.alm.api.skills import parse_skills
from badgerelay.plugin.sources.alm.polls.skills import learn_skills, poll_skills
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint
from badgerelay.plugin.store import Connection, Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen

from .....support import connect_alm, connect_credly, until


@pytest.fixture
def alm(store: Store, serve_app: Callable[..., str]) -> str:
    connect_credly(store, serve_app("credly"))
    academy = store.connections.get("academy")
    assert academy is not None
    sync_templates(store, academy)
    url = serve_app("alm")
    connect_alm(store, url)
    return url


def acme(store: Store) -> Connection:
    found = store.connections.get("acme")
    assert found is not None
    return found


def add(alm: str, name: str, badge: str | None = None) -> str:
    made = requests.post(f"{alm}/_sandbox/skills", json={"name": name, "badgeId": badge}, timeout=10)
    return str(made.json()["id"])


def asked(alm: str) -> dict[str, int]:
    return dict(requests.get(f"{alm}/_sandbox/requests", timeout=10).json()["requests"])


def events(store: Store) -> list[dict[str, Any]]:
    return [event for event in store.views.events() if event["kind"] == "SKILL_CREATED"]


def decided(store: Store) -> set[tuple[str, str]]:
    """Return the ids and states of the events after an engine has decided on them."""
    engine = make_engine(store)
    engine.start()
    try:
        until(lambda: all(event["state"] not in ("received", "waiting") for event in events(store)))
    finally:
        engine.stop()
    return {(event["event_id"], event["state"]) for event in events(store)}


def test_the_first_poll_learns_and_a_later_one_reports_each_new_skill_once(store: Store, alm: str) -> None:
    first = poll_skills(store, acme(store))
    assert (first.skills, first.new, first.learned) == (1, (), True)
    skill = add(alm, "Forklifts", "4411")
    second = poll_skills(store, acme(store))
    assert [each.id for each in second.new] == [skill]
    assert poll_skills(store, acme(store)).new == ()
    (event,) = events(store)
    assert (event["event_id"], event["source"], event["state"]) == (f"skill:{skill}", "alm:70412", "received")
    payload = json.loads(event["payload"])
    assert payload["skillId"] == skill
    assert payload["name"] == "Forklifts"
    (level,) = payload["levels"]
    assert level["level"] == 1
    assert level["badge"]["id"] == "4411"
    assert level["badge"]["provider"] == "Credly"
    assert level["badge"]["templateId"]


def test_a_new_skill_whose_level_carries_a_template_is_wired(store: Store, alm: str) -> None:
    poll_skills(store, acme(store))
    wired, unknown = add(alm, "Forklifts", "4411"), add(alm, "Forklifts of old")
    poll_skills(store, acme(store))
    assert decided(store) == {(f"skill:{wired}", "done"), (f"skill:{unknown}", "done")}
    rows = {row.skill_id: row for row in store.skills.all()}
    assert {key: row.state for key, row in rows.items()} == {wired: "wired", unknown: "unknown"}
    assert (rows[wired].connection, rows[wired].provider) == ("acme", "academy")


def test_a_delivery_that_uses_our_name_wires_nothing(store: Store, alm: str) -> None:
    reported = {"skillId": "7", "name": "x", "levels": [{"level": 1, "name": "y", "badge": {"id": "1"}}]}
    body = {"accountId": 70412, "events": [{"eventId": "e-1", "eventName": "SKILL_CREATED", "data": {}, **reported}]}
    store.inbox.add(AlmEndpoint("acme", acme(store).settings).take(decode(json.dumps(body).encode())), store.now())
    (event,) = events(store)
    assert event["state"] == "ignored"
    assert store.repair.replay(Chosen(), store.now) == 1
    assert decided(store) == {("e-1", "ignored")}
    assert list(store.skills.all()) == []


def test_a_skill_without_a_badge_has_none(store: Store, alm: str) -> None:
    poll_skills(store, acme(store))
    add(alm, "No badge")
    (skill,) = poll_skills(store, acme(store)).new
    assert skill.payload()["levels"] == [{"level": 1, "name": "Level 1", "badge": None}]


def test_an_account_without_skills_is_learned_too(store: Store, alm: str) -> None:
    store.known_skills.learn("acme", "70412", [], store.now())
    assert store.known_skills.of("acme", "70412") == set()
    assert len(poll_skills(store, acme(store)).new) == 1


def test_another_account_behind_the_connection_is_learned_anew(store: Store, alm: str) -> None:
    store.known_skills.learn("acme", "99999", ["1"], store.now())
    assert poll_skills(store, acme(store)).learned


def test_few_calls_do_whether_few_or_many_are_new(store: Store, alm: str) -> None:
    poll_skills(store, acme(store))
    for number in range(29):
        add(alm, f"Skill {number}")
    before = asked(alm)
    assert len(poll_skills(store, acme(store)).new) == 29
    after = asked(alm)
    assert after["GET /skills"] - before["GET /skills"] == 1 + 3  # all ids, then three pages with badges
    assert "GET /skills/<skill_id>" not in after
    add(alm, "One more")
    poll_skills(store, acme(store))
    end = asked(alm)
    assert end["GET /skills"] - after["GET /skills"] == 1
    assert end["GET /skills/<skill_id>"] == 1
    assert len(events(store)) == 30


def test_a_skill_reported_before_the_rate_was_used_up_is_not_reported_twice(store: Store, alm: str) -> None:
    poll_skills(store, acme(store))
    for number in range(29):
        add(alm, f"Skill {number}")
    connect_alm(store, alm, rate="10/hour")  # calls of the last hour count already
    with pytest.raises(OverBudgetError):
        poll_skills(store, acme(store))
    reported = len(events(store))
    assert 0 < reported < 29
    connect_alm(store, alm)
    assert len(poll_skills(store, acme(store)).new) == 29 - reported
    assert len(events(store)) == 29


def test_a_poll_leaves_a_part_of_the_rate_to_completions(store: Store, alm: str) -> None:
    connect_alm(store, alm, rate="12/hour")
    before = sum(asked(alm).values())

    def poll_often() -> None:
        for _ in range(12):
            poll_skills(store, acme(store))

    with pytest.raises(OverBudgetError, match="reserved for completions"):
        poll_often()
    assert 0 < sum(asked(alm).values()) - before < 9


def test_learning_at_connect_reports_the_skills_or_the_failure(store: Store, alm: str) -> None:
    requests.put(f"{alm}/_sandbox/faults", data="500=#1", timeout=10).raise_for_status()
    assert "not known yet" in str(learn_skills(store, acme(store)))
    assert learn_skills(store, acme(store)) == "1 skill"
    assert learn_skills(store, acme(store)) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["data", "id", "type", "attributes", "relationships", "levels", "badge", "included", "name"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(json_values)
def test_any_answer_is_skills_or_not_understood(document: Any) -> None:
    try:
        for skill in parse_skills(document):
            json.dumps(skill.payload())
            assert "\0" not in skill.name
    except FailedRequestError:
        pass
