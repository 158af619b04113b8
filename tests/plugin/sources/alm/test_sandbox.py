"""The sandbox over real HTTP, and the client against it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from badgerelay.adapters.errors import ConfigurationError, TemporaryError
from badgerelay.adapters.sandbox import BackgroundServer
from badgerelay.plugin.sources.alm.api.client import AlmClient
from badgerelay.plugin.sources.alm.api.errors import UnknownRecordError
from badgerelay.plugin.sources.alm.api.learning_objects import ask_instance, ask_object
from badgerelay.plugin.sources.alm.api.rate_headers import RateLimit
from badgerelay.plugin.sources.alm.sandbox import make_sandbox
from badgerelay.plugin.sources.alm.webhook.authentication import SignatureScheme, verify_basic, verify_signature
from badgerelay.plugin.sources.alm.webhook.decoder import Delivery, decode

from .conftest import Clock, MemoryStorage

JSON_API = {"Accept": "application/vnd.api+json"}


@contextmanager
def running(**knobs: str) -> Iterator[str]:
    app = make_sandbox({"retry_scale": "0.001", **knobs})
    with BackgroundServer(app) as server:
        try:
            yield server.url
        finally:
            app.extensions["alm_webhooks"].stop()


class Receiver:
    """A webhook receiver with prepared answers, then 202."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.app = Flask("receiver")
        self.app.add_url_rule("/hook", "hook", self._hook, methods=["POST"])
        self._lock = threading.Lock()

    def _hook(self) -> Response:
        with self._lock:
            self.bodies.append(request.get_data())
            self.headers.append(dict(request.headers))
            return Response(status=self.answers.pop(0) if self.answers else 202)

    @property
    def deliveries(self) -> list[Delivery]:
        return [decode(body) for body in list(self.bodies)]


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    made = Receiver()
    with BackgroundServer(made.app) as server:
        yield made, f"{server.url}/hook"


@pytest.fixture
def connect(alm_settings: dict[str, Any], storage: MemoryStorage, clock: Clock) -> Iterator[Callable[..., AlmClient]]:
    made: list[AlmClient] = []

    def make(url: str, **changes: Any) -> AlmClient:
        client = AlmClient({**alm_settings, "host": url, **changes}, storage, clock.now, clock.sleep)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def count(url: str) -> dict[str, int]:
    return requests.get(f"{url}/_sandbox/requests", timeout=5).json()["requests"]  # type: ignore[no-any-return]


def test_the_client_finds_its_way_around(connect: Callable[..., AlmClient]) -> None:
    with running(provider="some-provider") as url:
        client = connect(url)
        assert client.check() == "70412"
        rosa = client.learner("15300721")
        assert (rosa.name, rosa.email, rosa.locale) == ("Rosa Lindqvist", "rosa.lindqvist@example.org", "en-US")
        assert client.rate_limit == RateLimit(60, 60.0, 10)


def test_what_alm_does_not_know_is_said_so(connect: Callable[..., AlmClient]) -> None:
    with running() as url:
        client = connect(url)
        with pytest.raises(UnknownRecordError):
            client.learner("1")
        with pytest.raises(UnknownRecordError):
            ask_object(client, "course:1")
        with pytest.raises(UnknownRecordError):
            ask_instance(client, "course:8801234", "course:8801234_1")


@pytest.mark.parametrize(("bulk", "takes_many"), [("id", True), ("ids", False), ("400", False), ("404", False)])
def test_learners_come_in_bulk_where_that_works(
    bulk: str, takes_many: bool, connect: Callable[..., AlmClient]
) -> None:
    ids = [str(15300721 + number) for number in range(120)]
    with running(learners="100", bulk=bulk) as url:
        client = connect(url)
        found = client.learners(ids[70:])
        assert client.takes_many is takes_many
        assert not takes_many or list(found) == ids[70:100]
        other = connect(url, bulk_parameter="ids")
        assert (list(other.learners(ids[70:])) == ids[70:100]) is (bulk == "ids")


def test_all_pages_of_courses_and_skills_are_reached(connect: Callable[..., AlmClient]) -> None:
    with running(courses="250") as url:
        client = connect(url)
        pages = list(client.pages("/learningObjects", {"include": "instances.badge", "page[limit]": "100"}))
        assert sum(len(page["data"]) for page in pages) == 257
        assert len(pages) == 26
        requests.post(f"{url}/_sandbox/skills", json={"name": "Welding", "badgeId": "4411"}, timeout=5)
        (page,) = client.pages("/skills", {"include": "levels.badge"})
        assert [item["attributes"]["name"] for item in page["data"]] == ["Energy isolation", "Welding"]
        assert {item["type"] for item in page["included"]} == {"skillLevel", "badge"}


def test_a_rate_is_enforced_with_a_fractional_wait(connect: Callable[..., AlmClient]) -> None:
    with running(rate="6r/m", burst="2") as url:
        client = connect(url)
        for _ in range(3):
            client.learner("15300721")
        with pytest.raises(TemporaryError) as caught:
            client.learner("15300721")
        assert caught.value.retry_after is not None
        assert 5 < caught.value.retry_after < 10
        assert caught.value.retry_after % 1


def test_an_expired_token_is_renewed(connect: Callable[..., AlmClient]) -> None:
    with running() as url:
        client = connect(url)
        client.learner("15300721")
        requests.put(f"{url}/_sandbox/faults", data="expired=#1", timeout=5).raise_for_status()
        assert client.learner("15300721").id == "15300721"
        requests.put(f"{url}/_sandbox/faults", data="html502=#1", timeout=5).raise_for_status()
        with pytest.raises(TemporaryError):
            client.learner("15300721")


def test_many_threads_share_one_renewal(alm_settings: dict[str, Any]) -> None:
    class RealClock(Clock):
        def now(self) -> float:
            return time.time()

        def sleep(self, seconds: float) -> None:
            time.sleep(seconds / 10)

    clock = RealClock()
    with running() as url:
        client = AlmClient({**alm_settings, "host": url}, MemoryStorage(clock), clock.now, clock.sleep)
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(client.learner("15300721").id)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
        assert len(found) == 12
        assert count(url)["POST /oauth/token/refresh"] == 1


def test_rotated_refresh_tokens_are_followed(connect: Callable[..., AlmClient], clock: Clock) -> None:
    with running(rotate="on") as url:
        for _ in range(3):
            assert connect(url).check() == "70412"
        with pytest.raises(ConfigurationError):
            connect(url, refresh_token="guessed").check()


def test_the_gate_wants_a_token_and_the_media_type() -> None:
    with running() as url:
        assert requests.get(f"{url}/primeapi/v2/users", headers=JSON_API, timeout=5).status_code == 401
        form = {
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "refresh_token": "sandbox-refresh",
        }
        token = requests.post(f"{url}/oauth/token/refresh", data=form, timeout=5).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{url}/primeapi/v2/users", headers=headers, timeout=5)
        assert answer.status_code == 406
        assert answer.headers["x-rate-limit"] == "60r/m"
        both = {**headers, **JSON_API}
        assert requests.get(f"{url}/primeapi/v2/users?page[limit]=x", headers=both, timeout=5).status_code == 400
        page = requests.get(f"{url}/primeapi/v2/users?page[limit]=3", headers=both, timeout=5).json()
        assert "page[offset]=3" in page["links"]["next"]


def test_completions_are_delivered_in_order_and_only_after_a_2xx(receiver: tuple[Receiver, str]) -> None:
    hook, hook_url = receiver
    hook.answers = [500, 503, 302]
    with running(webhook_url=hook_url, webhook_username="alm", webhook_password="pw") as url:
        for user_id in ("15300721", "15300722"):
            body = {"userId": user_id, "loInstanceId": "course:8801234_17700456"}
            assert requests.post(f"{url}/_sandbox/complete", json=body, timeout=5).status_code == 202
        until(lambda: len(hook.bodies) == 5)
        learners = [delivery.events[0].user_id for delivery in hook.deliveries]
        assert learners == ["15300721"] * 4 + ["15300722"]
        assert all(delivery.events[0].problem is None for delivery in hook.deliveries)
        assert verify_basic(hook.headers[0]["Authorization"], "alm", "pw")
        status = requests.get(f"{url}/_sandbox/deliveries", timeout=5).json()["deliveries"]
        assert status[0]["answers"] == [500, 503, 302, 202]
        assert status[0]["state"] == "delivered"


def test_duplicates_both_names_and_batches_can_be_had(receiver: tuple[Receiver, str]) -> None:
    hook, hook_url = receiver
    with running(events_per_delivery="10") as url:
        target = {
            "url": hook_url,
            "auth": "signature",
            "signature_header": "X-Sig",
            "signature_algorithm": "sha512",
            "signature_encoding": "base64",
            "signature_prefix": "v1=",
            "signature_secret": "s",
        }
        assert requests.post(f"{url}/_sandbox/webhooks", json=target, timeout=5).status_code == 201
        body = {
            "userId": "15300721",
            "loInstanceId": "learningProgram:164501_152277",
            "times": 3,
            "both_names": True,
            "hasPassed": False,
            "dateCompleted": "2026-08-24T10:04:31Z",
            "timestamps": "legacy",
        }
        requests.post(f"{url}/_sandbox/complete", json=body, timeout=5).raise_for_status()
        until(lambda: sum(len(delivery.events) for delivery in hook.deliveries) == 6)
        events = [event for delivery in hook.deliveries for event in delivery.events]
        assert len({event.event_id for event in events}) == 2
        assert {event.name for event in events} == {"LEARNING_PATH_COMPLETED", "LEARNING_PATH_COMPLETED_BATCH"}
        assert {(event.passed, event.problem) for event in events} == {(False, None)}
        assert {str(event.completed_at) for event in events} == {"2026-08-24 10:04:00+00:00"}
        scheme = SignatureScheme("X-Sig", "sha512", "base64", "v1=", "s")
        assert verify_signature(hook.headers[0], hook.bodies[0], scheme)


def test_a_webhook_that_fails_for_the_whole_period_is_disabled() -> None:
    with running(retry_scale="0.0000001", webhook_url="http://127.0.0.1:9/none") as url:
        requests.post(f"{url}/_sandbox/complete", json={"userId": "15300721"}, timeout=5).raise_for_status()

        def lost() -> bool:
            found = requests.get(f"{url}/_sandbox/deliveries", timeout=5).json()
            return bool(found["disabled"]) and found["deliveries"][0]["state"] == "lost"

        until(lost)


def test_a_completion_achieves_the_skill_of_its_course(connect: Callable[..., AlmClient]) -> None:
    with running() as url:
        client = connect(url)
        (before,) = client.pages("/users/15300721/userSkills")
        assert before["data"] == []
        done = {"userId": 15300721, "loInstanceId": "course:8801303_17700994"}
        requests.post(f"{url}/_sandbox/complete", json=done, timeout=5).raise_for_status()
        (after,) = client.pages("/users/15300721/userSkills", {"include": "skillLevel.badge"})
        assert after["data"][0]["attributes"]["dateAchieved"]
        assert "dateAchieved" not in after["data"][1]["attributes"]  # 10 of 20 credits
        assert {item["type"] for item in after["included"]} == {"skillLevel", "badge"}


def test_the_test_button_sends_a_body_without_events(receiver: tuple[Receiver, str]) -> None:
    hook, hook_url = receiver
    with running(webhook_url=hook_url) as url:
        answer = requests.post(f"{url}/_sandbox/test-webhook", timeout=5).json()
        assert answer == {"answers": [202]}
        assert hook.deliveries == [Delivery(None, ())]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("complete", {"loInstanceId": "course:1_1"}),
        ("complete", {"times": 0}),
        ("complete", {"timestamps": "sundial"}),
        ("complete", {"dateCompleted": "soon"}),
        ("complete", []),
        ("webhooks", {"url": "ftp://x"}),
        ("webhooks", {"url": "http://127.0.0.1:9", "auth": "basic"}),
        ("webhooks", {"url": "http://127.0.0.1:9", "auth": "signature"}),
        ("skills", {"badgeId": "0"}),
    ],
)
def test_a_wrong_body_is_answered_400(path: str, body: Any) -> None:
    with running() as url:
        answer = requests.post(f"{url}/_sandbox/{path}", json=body, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["error"]


@pytest.mark.parametrize("knobs", [{"lerners": "5"}, {"rate": "fast"}, {"bulk": "maybe"}, {"faults": "x=1"}])
def test_a_wrong_knob_is_named(knobs: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(knobs)) if "faults" not in knobs else "x=1"):
        make_sandbox(knobs)


def test_the_world_is_the_same_each_time() -> None:
    with running(courses="3", templates="a, b") as first, running(courses="3", templates="a,b") as second:
        worlds = [requests.get(f"{url}/_sandbox/world", timeout=5).json() for url in (first, second)]
    assert worlds[0] == worlds[1]
    assert {badge["template_id"] for badge in worlds[0]["badges"]} >= {"a", "b"}
    assert len({learner["email"] for learner in worlds[0]["learners"]}) == 8
    assert all(learner["email"].isascii() for learner in worlds[0]["learners"])


def test_the_account_is_a_knob() -> None:
    receiver = Receiver()
    with BackgroundServer(receiver.app) as target, running(account="70500") as url:
        requests.post(f"{url}/_sandbox/webhooks", json={"url": f"{target.url}/hook", "auth": "none"})
        requests.post(f"{url}/_sandbox/complete", json={"userId": "15300721"})
        until(lambda: bool(receiver.bodies))
        form = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "refresh_token": "sandbox-refresh"}
        token = requests.post(f"{url}/oauth/token/refresh", data=form).json()
        headers = {**JSON_API, "Authorization": f"oauth {token['access_token']}"}
        learner = requests.get(f"{url}/primeapi/v2/users/15300721", headers=headers).json()["data"]
    assert decode(receiver.bodies[0]).account_id == "70500"
    assert token["account_id"] == "70500"
    assert learner["relationships"]["account"]["data"]["id"] == "70500"
    with pytest.raises(ValueError, match="account"):
        make_sandbox({"account": "acme"})
