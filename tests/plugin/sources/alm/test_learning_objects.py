from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from badgerelay.plugin.sources.alm.api.client import AlmClient
from badgerelay.plugin.sources.alm.api.errors import FailedRequestError, UnknownRecordError
from badgerelay.plugin.sources.alm.api.learning_objects import parse_object
from badgerelay.plugin.sources.alm.decide.learning_objects import (
    BADGE_SECONDS,
    NO_BADGE_SECONDS,
    InstanceKey,
    LearningObjectFacts,
    LearningObjectFetch,
)
from badgerelay.plugin.store import Store

from .conftest import Clock, MemoryStorage
from .test_client import API, REFRESH

COURSE: InstanceKey = ("course:8801234", "course:8801234_17700456")
BARE: InstanceKey = ("course:8801300", "course:8801300_17700991")
PRACTICE: InstanceKey = ("course:8801303", "course:8801303_17700994")
PATH: InstanceKey = ("learningProgram:164501", "learningProgram:164501_152277")
CERTIFICATION: InstanceKey = ("certification:171020", "certification:171020_190311")
NOW = 1_800_000_000.0


@pytest.fixture
def ask(alm_settings: dict[str, Any], storage: MemoryStorage, clock: Clock) -> Callable[[str], AlmClient]:
    return lambda url: AlmClient({**alm_settings, "host": url}, storage, clock.now, clock.sleep)


@pytest.fixture
def alm_settings() -> dict[str, Any]:
    """The settings of a sandbox."""
    from badgerelay.plugin.sources.alm.sandbox import sandbox_settings

    return {**sandbox_settings("http://127.0.0.1", "academy"), "bulk_parameter": "id"}


@pytest.fixture
def kept(database_url: str, tmp_path: Path) -> Iterator[Store]:
    from badgerelay.plugin.runtime.settings import Settings
    from badgerelay.plugin.store import open_store

    store = open_store(Settings(tmp_path / "home", database_url))
    yield store
    store.close()


@pytest.fixture
def learning_objects(kept: Store, ask: Callable[[str], AlmClient]) -> Callable[..., LearningObjectFetch]:
    return lambda url, now=NOW: LearningObjectFetch(kept.cache("acme"), ask(url), now)


def looked_up(learning_objects: LearningObjectFetch, key: InstanceKey) -> LearningObjectFacts:
    found = learning_objects.look_up(key)
    assert isinstance(found, LearningObjectFacts)
    return found


def count(url: str) -> int:
    found = requests.get(f"{url}/_sandbox/requests", timeout=5).json()["requests"]
    return sum(number for route, number in found.items() if "token" not in route)


@pytest.mark.parametrize("externals", ["everywhere", "documented"])
def test_a_learning_object_is_asked_for_once(
    externals: str, serve_app: Callable[..., str], learning_objects: Callable[..., LearningObjectFetch]
) -> None:
    url = serve_app("alm", externals=externals)
    first = learning_objects(url)
    found = {key: looked_up(first, key) for key in (COURSE, BARE, PRACTICE, PATH, CERTIFICATION)}
    badges = {key: facts.badge and facts.badge.template_id for key, facts in found.items()}
    assert badges == {
        COURSE: "6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63",
        BARE: None,
        PRACTICE: None,
        PATH: "3c51e8d4-07b6-4a92-b1f3-58d0a94c7e21",
        CERTIFICATION: "91d2b6f7-4e80-4c3a-8d15-e7a06b3f92c8",
    }
    levels = [(each.object, each.most, each.badge and each.badge.id) for each in found[PRACTICE].levels]
    assert levels == [("skill:240110:1", 10, "4411"), ("skill:240110:2", 20, None)]
    # One document each, and one for each badge that came without its external provider.
    asked = 5 + (1 if externals == "everywhere" else 4)
    assert count(url) == asked
    again = learning_objects(url, NOW + NO_BADGE_SECONDS - 1)
    assert again.known(found) == found
    assert learning_objects(url, NOW + NO_BADGE_SECONDS + 1).known(found).keys() == found.keys() - {BARE}
    assert learning_objects(url, NOW + BADGE_SECONDS + 1).known(found) == {}
    assert count(url) == asked


def test_an_instance_outside_the_learning_object_s_document_is_asked_for(
    serve_app: Callable[..., str], learning_objects: Callable[..., LearningObjectFetch]
) -> None:
    fetch = learning_objects(serve_app("alm"))
    assert isinstance(fetch.look_up(("course:8801234", "course:8801234_1")), UnknownRecordError)
    assert isinstance(fetch.look_up(("course:1", "course:1_1")), UnknownRecordError)


@pytest.mark.parametrize(
    ("roots", "expected"),
    [("prefixed", "certification:171020"), ("plain", "certification:171020"), ("none", None)],
)
def test_a_renewed_certification_may_name_its_root(
    roots: str,
    expected: str | None,
    serve_app: Callable[..., str],
    learning_objects: Callable[..., LearningObjectFetch],
) -> None:
    url = serve_app("alm", roots=roots)
    renewed = requests.post(f"{url}/_sandbox/renew", json={"loId": "certification:171020"}, timeout=5).json()
    fetch = learning_objects(url)
    facts = looked_up(fetch, (renewed["id"], renewed["instance_id"]))
    assert facts.root == expected
    assert facts.badge is not None
    assert facts.badge.id == "4413"
    assert fetch.roots([renewed["id"], "certification:9"]) == ({renewed["id"]: expected} if expected else {})


@pytest.mark.parametrize("instance", ["certification:171020_190311", "certification:171020_1", ""])
def test_a_certification_has_its_own_badge(
    instance: str, serve_app: Callable[..., str], learning_objects: Callable[..., LearningObjectFetch]
) -> None:
    badge = looked_up(learning_objects(serve_app("alm")), ("certification:171020", instance)).badge
    assert badge is not None
    assert badge.id == "4413"


@pytest.mark.parametrize(
    ("ties", "instance", "expected"),
    [
        ({"a": "1", "b": "2"}, "b", "2"),
        ({"a": "1", "b": "1"}, "gone", "1"),
        ({"a": "1", "b": "2"}, "gone", None),
        ({"a": None, "b": "2"}, "a", None),
        ({}, "gone", None),
    ],
)
def test_of_several_instances_a_certification_has_the_badge_only_where_it_is_beyond_doubt(
    ties: dict[str, str | None],
    instance: str,
    expected: str | None,
    learning_objects: Callable[..., LearningObjectFetch],
) -> None:
    pointers = [{"id": key, "type": "learningObjectInstance"} for key in ties]
    instances = [
        {
            "id": key,
            "type": "learningObjectInstance",
            "relationships": {"badge": {"data": badge and {"id": badge, "type": "badge"}}},
        }
        for key, badge in ties.items()
    ]
    data = {"id": "certification:1", "type": "learningObject", "relationships": {"instances": {"data": pointers}}}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.post(REFRESH, json={"access_token": "t-1", "expires_in": 604800})
        wire.get(f"{API}/learningObjects/certification%3A1", json={"data": data, "included": instances})
        for badge in ("1", "2"):
            wire.get(f"{API}/badges/{badge}", json={"data": {"id": badge, "type": "badge", "attributes": {}}})
        facts = looked_up(learning_objects("learningmanager.adobe.com"), ("certification:1", instance))
    assert (facts.badge and facts.badge.id) == expected


def test_a_path_is_asked_for_again_if_alm_refuses_its_parts(
    learning_objects: Callable[..., LearningObjectFetch],
) -> None:
    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        if "subLOs" in request.url:
            return (
                400,
                {},
                json.dumps({"status": "BAD_REQUEST", "title": "Invalid Param", "source": {"info": "include"}}),
            )
        return 200, {}, json.dumps({"data": {"id": "learningProgram:1", "type": "learningObject"}})

    with responses.RequestsMock() as wire:
        wire.post(REFRESH, json={"access_token": "t-1", "expires_in": 604800})
        wire.add_callback("GET", f"{API}/learningObjects/learningProgram%3A1", answer)
        assert looked_up(
            learning_objects("learningmanager.adobe.com"), ("learningProgram:1", "")
        ) == LearningObjectFacts(None)


def test_the_document_that_adobe_shows_is_read(payloads: Path) -> None:
    record = parse_object(json.loads((payloads / "document_learning_object.json").read_text()))
    assert record.id == "course:8801234"
    assert [(level.object, level.most, level.tie and level.tie.id) for level in record.levels] == [
        ("skill:240110:1", 10, "4411")
    ]
    assert {key: tie and tie.id for key, tie in record.instances.items()} == {"course:8801234_17700456": "4410"}


@pytest.mark.parametrize(
    "root", ["", "certification:", "course:7", [], {}, True, 0, "certification:7/../8", "x" * 300]
)
def test_an_invalid_root_is_ignored(root: Any) -> None:
    document = {
        "data": {"id": "certification:1", "type": "learningObject", "attributes": {"rootCertificationId": root}}
    }
    assert parse_object(document).root is None


@pytest.mark.parametrize(
    "broken",
    [
        {"data": []},
        {"data": {"id": "course:1", "type": "learningObject", "attributes": 7}},
        {"data": {"id": "course:1", "type": "learningObject", "relationships": {"skills": {"data": [{}]}}}},
        {"data": {"id": "course:1", "type": "learningObject"}, "included": {}},
    ],
)
def test_another_shape_is_no_decision(broken: Any) -> None:
    with pytest.raises(FailedRequestError):
        parse_object(broken)
