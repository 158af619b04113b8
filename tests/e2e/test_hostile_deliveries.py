"""What nobody should send: each has a documented answer, and costs its neighbours nothing."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.running import Home, Running, completion, deliver, eventually


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Running]]:
    home = Home(tmp_path_factory.mktemp("hostile") / "home")
    home.connect_sandboxes()
    yield home, home.start("serve", "--port", "0", "--no-worker")
    home.close()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 202),
        (b"{}", 202),
        (b'{"test": true}', 202),
        (b"not json", 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 100_000, 400),
        (b"x" * (1024 * 1024 + 1), 413),
        (b"x" * (10 * 1024 * 1024), 413),
    ],
)
def test_a_whole_body_is_answered_as_documented(world: tuple[Home, Running], body: bytes, status: int) -> None:
    _, relay = world
    assert _status(relay, body) == status
    assert "Traceback" not in relay.log.read_text()


def _status(relay: Running, body: bytes) -> int:
    try:
        return deliver(relay.url, body).status_code
    except requests.ConnectionError:  # answered and closed while we were still sending
        return 413


def test_a_body_without_content_length_is_counted_as_it_comes(world: tuple[Home, Running]) -> None:
    _, relay = world
    assert deliver(relay.url, iter([completion("chunked").encode()])).status_code == 202  # type: ignore[arg-type]
    chunks = (b"x" * 65536 for _ in range(160))
    with contextlib.suppress(requests.ConnectionError):
        assert deliver(relay.url, chunks).status_code == 413  # type: ignore[arg-type]
    assert deliver(relay.url, completion("after-chunks")).status_code == 202


@pytest.mark.parametrize(
    "event",
    [
        '{"eventId": "h-nan", "eventName": "COURSE_COMPLETED", "data": {"userId": NaN}}',
        '{"eventId": "h-dup", "eventName": "COURSE_COMPLETED", "data": {"userId": 1, "userId": 2}}',
        '{"eventId": "h-sur", "eventName": "COURSE_COMPLETED", "data": {"userId": "\\ud800"}}',
        json.dumps({"eventId": "h-long", "eventName": "COURSE_COMPLETED", "data": {"userId": "9" * 10_000}}),
        json.dumps({"eventId": "h" * 10_000, "eventName": "COURSE_COMPLETED", "data": {"userId": 1}}),
        json.dumps({"eventId": "h-date", "eventName": "COURSE_COMPLETED", "timestamp": 1e20, "data": {"userId": 1}}),
        '"no object"',
    ],
)
def test_a_hostile_event_is_kept_as_dead_and_its_neighbour_is_intact(world: tuple[Home, Running], event: str) -> None:
    home, relay = world
    neighbour = f"neighbour-{abs(hash(event))}"
    good = json.dumps(json.loads(completion(neighbour))["events"][0])
    answer = deliver(relay.url, f'{{"accountId": 70412, "events": [{event}, {good}]}}')
    assert answer.status_code == 202
    events = home.json("events", "list", "--limit", "1000")
    assert next(e for e in events if e["event_id"] == neighbour)["state"] == "received"
    assert max(e["id"] for e in events if e["state"] == "dead") >= max(e["id"] for e in events) - 1
    assert "Traceback" not in relay.log.read_text()


def test_invalid_utf_8_in_one_event_spares_the_others(world: tuple[Home, Running]) -> None:
    home, relay = world
    good = json.dumps(json.loads(completion("beside-utf8"))["events"][0]).encode()
    bad = b'{"eventId": "bad-utf8", "eventName": "COURSE_COMPLETED", "data": {"userId": "\xff"}}'
    body = b'{"accountId": 70412, "events": [' + bad + b", " + good + b"]}"
    assert deliver(relay.url, body).status_code == 202
    states = {e["event_id"]: e["state"] for e in home.json("events", "list", "--limit", "1000")}
    assert states["bad-utf8"] == "dead"
    assert states["beside-utf8"] == "received"


def test_wrong_credentials_unknown_connections_and_other_methods_are_refused(world: tuple[Home, Running]) -> None:
    _, relay = world
    address = f"{relay.url}/webhooks/alm/acme"
    assert deliver(relay.url, completion(), password="wrong-one").status_code == 401
    assert requests.post(address, data=completion(), timeout=5).status_code == 401
    assert (
        requests.post(address, data=completion(), headers={"Authorization": "Basic é"}, timeout=5).status_code == 401
    )
    assert requests.post(f"{relay.url}/webhooks/alm/nobody", data="{}", timeout=5).status_code == 404
    assert requests.get(address, timeout=5).status_code == 405
    log = relay.log.read_text()
    assert "wrong-one" not in log
    assert "authorization" in log


def test_a_locked_database_is_503_and_works_again_afterwards(world: tuple[Home, Running]) -> None:
    home, relay = world
    other = sqlite3.connect(Path(home.folder) / "badgerelay.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert deliver(relay.url, completion("while-locked")).status_code == 503
    other.execute("ROLLBACK")
    other.close()
    assert eventually(lambda: deliver(relay.url, completion("while-locked")).status_code == 202)
    assert "Traceback" not in relay.log.read_text()
