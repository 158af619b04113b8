from __future__ import annotations

import hmac
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa

from ...support import ROSA, SECRETS, basic, completion, delivery, until
from .conftest import SIGNATURE_SECRET, Front


@pytest.fixture(autouse=True)
def _clean_log(front: Front) -> Iterator[None]:
    """No request leaves a stack trace, a secret or an address in the log."""
    yield
    log = front.relay.log
    for unwanted in ("Traceback", "@example.org", SIGNATURE_SECRET, *SECRETS):
        assert unwanted not in log


def raw(front: Front, request: bytes) -> int:
    """The status of a request that no client would write."""
    parts = urlsplit(front.relay.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as wire:
        wire.sendall(request)
        line = wire.makefile("rb").readline().split()
    return int(line[1])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 202),
        (b"  \n", 202),
        (b"{}", 202),
        (b"[]", 202),
        (b"null", 202),
        (b'"text"', 202),
        (b'{"events": []}', 202),
        (b'{"events": null}', 202),
        (b'{"accountId": 70412, "event": {"test": true}}', 202),
        (b"events=1", 400),
        (b'{"events": [', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b"[" * 100_000, 400),
        (b'{"events":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        (b" " * (1024 * 1024), 202),
        (b" " * (1024 * 1024 + 1), 413),
    ],
)
def test_a_body_is_answered_as_documented(front: Front, body: bytes, status: int) -> None:
    answer = front.post(body)
    assert answer.status_code == status
    assert len(answer.text) < 200


@pytest.mark.parametrize("chunked", [False, True], ids=["with Content-Length", "without Content-Length"])
def test_ten_megabytes_are_refused(front: Front, chunked: bool) -> None:
    size = 10 * 1024 * 1024

    def chunks() -> Iterator[bytes]:
        for _ in range(size // 65536):
            yield b" " * 65536

    try:
        answer = front.post(chunks() if chunked else b" " * size)
    except requests.ConnectionError:
        pass  # it was answered, and closed while we were still sending
    else:
        assert answer.status_code == 413
    event = completion(eventId=f"after-10-mb-{chunked}")
    assert front.deliver(event).status_code == 202
    assert front.event(event["eventId"])


def test_a_body_in_chunks_is_read_to_its_end(front: Front) -> None:
    body = delivery(completion(eventId="in-chunks"))
    assert front.post(iter([body[:50], body[50:]])).status_code == 202
    assert front.event("in-chunks")


def test_a_body_that_breaks_off_stores_nothing(front: Front) -> None:
    body = delivery(completion(eventId="broken-off"))
    parts = urlsplit(front.relay.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as wire:
        head = f"POST /webhooks/alm/acme HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += f"Authorization: {basic()['Authorization']}\r\n\r\n"
        wire.sendall(head.encode() + body[:-10])
    assert front.deliver(completion(eventId="after-broken-off")).status_code == 202
    assert all(row["event_id"] != "broken-off" for row in front.store.views.events(limit=100_000))


DEEP: Any = 1
for _ in range(200):
    DEEP = [DEEP]

BAD: dict[str, tuple[bytes, str]] = {
    "nan": (json.dumps(completion(eventId="nan", hasPassed=float("nan"))).encode(), "is not a number in JSON"),
    "infinity": (json.dumps(completion(eventId="infinity", extra=float("inf"))).encode(), "is not a number in JSON"),
    "digits": (json.dumps(completion(eventId="digits")).encode().replace(b'"15300721"', b"9" * 5000), "not a number"),
    "utf-8": (json.dumps(completion("\x01", eventId="utf-8")).encode().replace(b"\\u0001", b"\xff"), "Unicode"),
    "surrogate": (json.dumps(completion("\ud800", eventId="surrogate")).encode(), "Unicode"),
    "nul": (json.dumps(completion("a\x00b", eventId="nul")).encode(), "NUL"),
    "twice": (
        json.dumps(completion(eventId="twice")).encode().replace(b'"userId"', b'"userId": 1, "userId"'),
        "repeated",
    ),
    "deep": (json.dumps(completion(eventId="deep", extra=DEEP)).encode(), "nested deeper"),
    "long user": (json.dumps(completion("9" * 10_000, eventId="long user")).encode(), "longer than 255"),
    "long object": (json.dumps(completion(eventId="long object", loId="c" * 10_000)).encode(), "longer than 255"),
    "far future": (json.dumps(completion(eventId="far future", dateCompleted=1e18)).encode(), "1970 to 2100"),
    "before 1970": (json.dumps(completion(eventId="before 1970", dateCompleted=-1)).encode(), "1970 to 2100"),
    "no date": (json.dumps(completion(eventId="no date", dateCompleted="soon")).encode(), "not a date"),
    "no user": (json.dumps(completion("", eventId="no user")).encode(), "userId"),
    "object user": (json.dumps(completion(eventId="object user", userId={"a": 1})).encode(), "userId"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_event_is_kept_with_its_reason_and_costs_its_neighbours_nothing(front: Front, name: str) -> None:
    bad, reason = BAD[name]
    around = [completion(ROSA, eventId=f"{name} {side}") for side in ("before", "after")]
    before, after = [json.dumps(event).encode() for event in around]
    body = b'{"accountId": 70412, "events": [' + b",".join((before, bad, after)) + b"]}"
    assert front.post(body).status_code == 202
    kept = front.event(name)
    assert kept["state"] == "dead"
    assert reason in kept["reason"]
    for event in around:
        until(lambda event=event: front.event(event["eventId"])["state"] == "done")  # type: ignore[misc]


def test_an_event_id_of_ten_thousand_characters_is_kept_once(front: Front) -> None:
    event = completion(eventId="i" * 10_000)
    for _ in range(2):
        assert front.deliver(event).status_code == 202
    (kept,) = [row for row in front.store.views.events(limit=100_000) if '"iiii' in row["payload"]]
    assert kept["state"] == "dead"
    assert kept["event_id"].startswith("sha256:")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("COURSE_ENROLLMENT", "ignored"),
        ("SOMETHING_NEW", "ignored"),
        ("", "dead"),
        ("X" * 10_000, "ignored"),
        (7, "dead"),
    ],
)
def test_other_events_are_taken_and_recorded(front: Front, name: Any, state: str) -> None:
    event = completion(eventId=f"named {str(name)[:20]}", eventName=name)
    assert front.deliver(event).status_code == 202
    kept = front.event(event["eventId"])
    assert kept["state"] == state
    assert kept["reason"]


@pytest.mark.parametrize("account", [99999, "99999", "a" * 250])
def test_an_event_of_another_account_is_recorded_as_ignored(front: Front, account: Any) -> None:
    event = completion(eventId=f"account {str(account)[:6]} {type(account).__name__}")
    assert front.deliver(event, account=account).status_code == 202
    kept = front.event(event["eventId"])
    assert kept["state"] == "ignored"
    assert "this connection is for account 70412" in kept["reason"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic(password="wrong"),
        basic(user="other"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + "A" * 5000},
        {"Authorization": "Bearer " + basic()["Authorization"][6:]},
    ],
)
def test_wrong_credentials_are_refused_before_the_body_is_read(front: Front, headers: dict[str, str]) -> None:
    answer = requests.post(front.door, data=b"{not json", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_bytes_that_are_no_latin_1_in_the_credentials_are_refused(front: Front) -> None:
    head = b"POST /webhooks/alm/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n"
    assert raw(front, head + b"Authorization: Basic \xff\xfe\r\n\r\n") in (400, 401)


@pytest.mark.parametrize(
    "name", ["nobody", "academy", "", "a/b", "%0Ainjected", "%00", "..%2Facme", "a" * 5000, "%FF"]
)
def test_an_unknown_connection_is_404(front: Front, name: str) -> None:
    parts = urlsplit(front.relay.url)
    client = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    client.request("POST", f"/webhooks/alm/{name}", body=delivery(completion()), headers=basic())
    assert client.getresponse().status == 404
    client.close()
    assert "\ninjected" not in front.relay.log


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_other_methods_are_405(front: Front, method: str) -> None:
    assert requests.request(method, front.door, headers=basic(), timeout=10).status_code == 405


def test_a_signature_is_wanted_where_it_is_configured(front: Front) -> None:
    url = f"{front.relay.url}/webhooks/alm/signed"
    body = delivery(completion(eventId="signed"), account=70413)
    signature = "sha256=" + hmac.digest(SIGNATURE_SECRET.encode(), body, "sha256").hex()
    wrong = [{}, {"X-Signature": "value-nobody-logs"}, {"X-Signature": signature[7:]}, {"X-Signature": "sha256=00"}]
    for headers in wrong:
        answer = requests.post(url, data=body, headers={**headers, "X-Other": "value-nobody-logs"}, timeout=10)
        assert answer.status_code == 401
    changed = requests.post(url, data=body + b" ", headers={"X-Signature": signature}, timeout=10)
    assert changed.status_code == 401
    assert requests.post(url, data=body, headers={"X-Signature": signature}, timeout=10).status_code == 202
    assert front.event("signed")
    (line,) = [line for line in front.relay.log.splitlines() if "delivery for signed" in line]
    assert "x-other" in line
    assert "value-nobody-logs" not in front.relay.log


def test_many_senders_at_once_lose_nothing(front: Front) -> None:
    answers: list[int] = []

    def send(number: int) -> None:
        with requests.Session() as session:
            for turn in range(10):
                event = completion(str(int(ROSA) + turn), eventId=f"many {number} {turn}")
                answers.append(
                    session.post(front.door, data=delivery(event), headers=basic(), timeout=30).status_code
                )

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [202] * 160
    kept = [row for row in front.store.views.events(limit=100_000) if row["event_id"].startswith("many ")]
    assert len(kept) == 160


def test_a_database_that_is_locked_is_503_and_fine_afterwards(front: Front) -> None:
    event = completion(eventId="while locked")
    with front.store.database._engine.connect() as other:
        lock = "SELECT 1" if front.store.database.embedded else "LOCK TABLE events IN ACCESS EXCLUSIVE MODE"
        other.execute(sa.text(lock))
        answer = front.deliver(event)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert front.post(b"{}").status_code == 202  # nothing to store
        other.rollback()
    until(lambda: front.deliver(event).status_code == 202)
    until(lambda: front.event("while locked")["state"] == "done")


def test_health_is_told(front: Front) -> None:
    for path in ("healthz", "readyz"):
        assert requests.get(f"{front.relay.url}/{path}", timeout=10).status_code == 200
    assert requests.get(f"{front.relay.url}/nowhere", timeout=10).status_code == 404
