"""The client over HTTP: its requests, and its results for each answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import responses
from responses import matchers

from badgerelay.adapters.errors import ConfigurationError, RejectedError, TemporaryError
from badgerelay.adapters.http.transport import MAX_ANSWER_BYTES
from badgerelay.plugin.sources.alm.api.client import AlmClient
from badgerelay.plugin.sources.alm.api.errors import FailedRequestError, UnknownRecordError
from badgerelay.plugin.sources.alm.api.rate_headers import RateLimit, parse_rate_limit

from .conftest import Clock, MemoryStorage

HOST = "https://learningmanager.adobe.com"
API = f"{HOST}/primeapi/v2"
REFRESH = f"{HOST}/oauth/token/refresh"
INSTANCE = f"{API}/learningObjects/course%3A8801234/instances/course%3A8801234_17700456"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def client(alm_settings: dict[str, Any], storage: MemoryStorage, clock: Clock) -> Iterator[AlmClient]:
    made = AlmClient(alm_settings, storage, clock.now, clock.sleep)
    yield made
    made.close()


@pytest.fixture
def token(wire: responses.RequestsMock) -> str:
    wire.post(REFRESH, json={"access_token": "t-1", "expires_in": 604800})
    return "t-1"


def user(user_id: str, account: str = "70412") -> dict[str, Any]:
    return {
        "id": user_id,
        "type": "user",
        "attributes": {"email": f"{user_id}@example.org", "name": "A B", "state": "ACTIVE"},
        "relationships": {"account": {"data": {"id": account, "type": "account"}}},
    }


def asked(wire: responses.RequestsMock, path: str) -> list[requests.PreparedRequest]:
    return [call.request for call in wire.calls if call.request.url and f"/{path}" in call.request.url]


def test_a_learner_is_asked_for_with_the_token_and_the_media_type(
    wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users/15300721", json={"data": user("15300721")})
    assert client.learner("15300721").email == "15300721@example.org"
    (request,) = asked(wire, "users")
    assert request.headers["Authorization"] == f"oauth {token}"
    assert request.headers["Accept"] == "application/vnd.api+json"


def test_the_refresh_is_a_form_and_happens_once(
    wire: responses.RequestsMock, client: AlmClient, token: str, clock: Clock
) -> None:
    wire.get(f"{API}/users/1", json={"data": user("1")})
    client.learner("1")
    client.learner("1")
    (request,) = asked(wire, "oauth")
    assert parse_qs(str(request.body)) == {
        "client_id": ["sandbox-client"],
        "client_secret": ["sandbox-secret"],
        "refresh_token": ["sandbox-refresh"],
    }
    clock.sleep(604800 - 3601)
    client.learner("1")
    assert len(asked(wire, "oauth")) == 1
    clock.sleep(2)
    client.learner("1")
    assert len(asked(wire, "oauth")) == 2


def test_a_new_refresh_token_is_kept_and_preferred_and_the_setting_is_the_way_back(
    wire: responses.RequestsMock, client: AlmClient, clock: Clock
) -> None:
    wire.post(REFRESH, json={"access_token": "t-1", "expires_in": 100, "refresh_token": "second"})
    wire.post(REFRESH, status=400)
    wire.post(REFRESH, json={"access_token": "t-2", "expires_in": 100})
    wire.get(f"{API}/users/1", json={"data": user("1")})
    client.learner("1")
    clock.sleep(101)
    client.learner("1")
    sent = [parse_qs(str(request.body))["refresh_token"][0] for request in asked(wire, "oauth")]
    assert sent == ["sandbox-refresh", "second", "sandbox-refresh"]


def test_a_new_setting_replaces_the_stored_tokens_of_the_old_one(
    wire: responses.RequestsMock, alm_settings: dict[str, Any], storage: MemoryStorage, clock: Clock, token: str
) -> None:
    wire.get(f"{API}/users/1", json={"data": user("1")})
    AlmClient(alm_settings, storage, clock.now, clock.sleep).learner("1")
    AlmClient({**alm_settings, "refresh_token": "fresh"}, storage, clock.now, clock.sleep).learner("1")
    assert len(asked(wire, "oauth")) == 2


def test_while_another_process_renews_its_token_is_waited_for(
    wire: responses.RequestsMock, alm_settings: dict[str, Any], storage: MemoryStorage, clock: Clock, token: str
) -> None:
    wire.get(f"{API}/users/1", json={"data": user("1")})
    other = AlmClient(alm_settings, storage, clock.now, clock.sleep)
    other.learner("1")
    ((key, value),) = [item for item in storage.values.items() if item[0].startswith("access_token")]
    storage.values.clear()
    storage.locks.add(key)

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 3:
            storage.values[key] = value

    AlmClient(alm_settings, storage, clock.now, sleep).learner("1")
    assert len(asked(wire, "oauth")) == 1
    storage.values.clear()
    with pytest.raises(TemporaryError, match="still renewing"):
        AlmClient(alm_settings, storage, clock.now, clock.sleep).learner("1")
    assert sum(clock.slept) < 60


def test_a_refused_token_is_renewed_once(wire: responses.RequestsMock, client: AlmClient) -> None:
    wire.post(REFRESH, json={"access_token": "t-1", "expires_in": 604800})
    wire.post(REFRESH, json={"access_token": "t-2", "expires_in": 604800})
    wire.get(f"{API}/users/1", status=401, match=[matchers.header_matcher({"Authorization": "oauth t-1"})])
    wire.get(
        f"{API}/users/1", json={"data": user("1")}, match=[matchers.header_matcher({"Authorization": "oauth t-2"})]
    )
    assert client.learner("1").id == "1"
    assert len(asked(wire, "oauth")) == 2


def test_a_token_that_is_refused_again_is_a_wrong_setting(
    wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users/1", status=401)
    with pytest.raises(ConfigurationError) as caught:
        client.learner("1")
    assert caught.value.setting == "refresh_token"
    assert len(asked(wire, "users")) == 2


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (302, TemporaryError, "redirect"),
        (400, RejectedError, "400"),
        (403, ConfigurationError, "admin:read"),
        (404, UnknownRecordError, "404"),
        (406, ConfigurationError, "Accept"),
        (429, TemporaryError, "429"),
        (500, TemporaryError, "500"),
        (503, TemporaryError, "503"),
    ],
)
def test_each_status_is_one_kind_of_error_and_its_message_has_no_secret(
    status: int, kind: type[Exception], words: str, wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(
        f"{API}/users/15300721", status=status, body="rosa@example.org", headers={"Location": "https://evil.example"}
    )
    with pytest.raises(kind) as caught:
        client.learner("15300721")
    assert words in str(caught.value)
    for secret in (token, "rosa", "http", "sandbox-", "15300721"):
        assert secret not in str(caught.value)
    assert not asked(wire, "evil")


@pytest.mark.parametrize("body", ["<html>", "", "{", "[" * 100_000])
def test_an_answer_that_is_no_json_may_be_one_later(
    body: str, wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users/1", body=body)
    with pytest.raises(TemporaryError, match="not JSON"):
        client.learner("1")


def test_an_answer_beyond_16_mib_is_not_read_on(wire: responses.RequestsMock, client: AlmClient, token: str) -> None:
    wire.get(f"{API}/users/1", body=b" " * (MAX_ANSWER_BYTES + 1))
    with pytest.raises(TemporaryError, match="16 MiB"):
        client.learner("1")


def test_a_broken_network_is_temporary_and_its_message_has_no_url(
    wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users/1", body=requests.ConnectionError(f"{API}/users/1?access_token=t-1"))
    with pytest.raises(TemporaryError) as caught:
        client.learner("1")
    assert str(caught.value) == "ALM could not be asked for the learner: no answer came (ConnectionError)"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "10.752"}, 10.752),
        ({"x-rate-limit": "60r/m", "x-burst": "10"}, 1.0),
        ({"x-rate-limit": "15r/m", "retry-after": "soon"}, 4.0),
        ({"x-rate-limit": "500r/h"}, 7.2),
        ({"x-rate-limit": "many"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_after_429_the_wait_is_what_alm_asks_for_else_what_its_rate_says(
    headers: dict[str, str], wait: float | None, wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users/1", status=429, headers=headers)
    with pytest.raises(TemporaryError) as caught:
        client.learner("1")
    assert caught.value.retry_after == wait


def test_the_rate_of_the_last_answer_is_remembered(
    wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    assert client.rate_limit is None
    wire.get(f"{API}/users/1", json={"data": user("1")}, headers={"x-rate-limit": "60r/m", "x-burst": "10"})
    wire.get(f"{API}/users/2", json={"data": user("2")})
    client.learner("1")
    client.learner("2")
    assert client.rate_limit == RateLimit(60, 60.0, 10)


@pytest.mark.parametrize("text", ["0r/m", "60", "r/m", "60r/d", "٣r/m", "9" * 400 + "r/m"])
def test_an_unknown_rate_is_ignored(text: str) -> None:
    assert parse_rate_limit({"x-rate-limit": text}) is None


def test_many_learners_come_in_one_call(wire: responses.RequestsMock, client: AlmClient, token: str) -> None:
    ids = [str(number) for number in range(1, 51)]

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        chosen = parse_qs(str(request.url).partition("?")[2])["id"][0].split(",")
        return 200, {}, json.dumps({"data": [user(chosen_id) for chosen_id in chosen if chosen_id != "7"]})

    wire.add_callback("GET", f"{API}/users", answer)
    assert client.learners([*ids, *ids]).keys() == {*ids} - {"7"}
    assert client.takes_many
    assert len(asked(wire, "users")) == 1


def test_a_bulk_answer_in_pages_is_followed(wire: responses.RequestsMock, client: AlmClient, token: str) -> None:
    wire.get(f"{API}/users", json={"data": [user("1")], "links": {"next": f"{API}/users?id=1,2&page[offset]=1"}})
    wire.get(
        f"{API}/users",
        json={"data": [user("2")]},
        match=[matchers.query_param_matcher({"id": "1,2", "page[offset]": "1"})],
    )
    assert set(client.learners(["1", "2"])) == {"1", "2"}


@pytest.mark.parametrize("status", [400, 404])
def test_an_account_that_refuses_several_ids_says_so(
    status: int, wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users", status=status)
    assert client.learners(["1", "2"]) == {}
    assert not client.takes_many


def test_a_bulk_parameter_that_is_ignored_is_noticed_on_the_first_page(
    wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users", json={"data": [user("8"), user("1")], "links": {"next": f"{API}/users?page[offset]=2"}})
    assert set(client.learners(["1", "2"])) == {"1"}
    assert not client.takes_many
    assert len(asked(wire, "users")) == 1


def test_a_bulk_call_that_fails_says_nothing_about_the_account(
    wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/users", status=500)
    with pytest.raises(FailedRequestError):
        client.learners(["1", "2"])
    assert client.takes_many


@pytest.mark.parametrize("user_id", ["", "..", "../badges", "1/2", "1?x=y", "1,2", "a b", "ü", "x" * 300])
def test_an_id_that_cannot_be_one_is_never_sent(
    user_id: str, wire: responses.RequestsMock, client: AlmClient
) -> None:
    with pytest.raises(UnknownRecordError):
        client.learner(user_id)
    assert client.learners([user_id]) == {}
    assert len(wire.calls) == 0


def test_pages_never_leave_our_host(wire: responses.RequestsMock, client: AlmClient, token: str) -> None:
    wire.get(f"{API}/skills", json={"data": [], "links": {"next": "https://evil.example/primeapi/v2/skills?page=2"}})
    wire.get(f"{API}/skills", json={"data": []}, match=[matchers.query_param_matcher({"page": "2"})])
    assert len(list(client.pages("/skills", {"page[limit]": "10"}))) == 2
    assert not asked(wire, "evil.example")


@pytest.mark.parametrize(
    "link", ["https://evil.example/steal", "/primeapi/v2/../v1/x", "/primeapi/v2/%2e%2e/x", "https://["]
)
def test_a_link_out_of_the_api_is_not_followed(
    link: str, wire: responses.RequestsMock, client: AlmClient, token: str
) -> None:
    wire.get(f"{API}/skills", json={"data": [], "links": {"next": link}})
    with pytest.raises(TemporaryError, match="leads out of its API"):
        list(client.pages("/skills"))


def test_pages_that_lead_in_a_circle_end(wire: responses.RequestsMock, client: AlmClient, token: str) -> None:
    wire.get(f"{API}/skills", json={"data": [], "links": {"next": "?page[offset]=10"}})
    with pytest.raises(TemporaryError, match="circle"):
        list(client.pages("/skills"))


def test_check_gives_the_account(wire: responses.RequestsMock, client: AlmClient, token: str) -> None:
    wire.get(f"{API}/users", json={"data": [user("1")]})
    assert client.check() == "70412"
    assert client.check() == "70412"
    assert len(asked(wire, "oauth")) == 2


def test_check_recognises_another_account(wire: responses.RequestsMock, client: AlmClient, token: str) -> None:
    wire.get(f"{API}/users", json={"data": [user("1", account="70413")]})
    with pytest.raises(ConfigurationError, match="70413") as caught:
        client.check()
    assert caught.value.setting == "account_id"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_check_recognises_wrong_credentials(status: int, wire: responses.RequestsMock, client: AlmClient) -> None:
    wire.post(REFRESH, status=status, json={"error": "sandbox-secret"})
    with pytest.raises(ConfigurationError, match="client_id, client_secret and refresh_token") as caught:
        client.check()
    assert caught.value.setting == "refresh_token"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404},
        {"status": 301, "headers": {"Location": "/"}},
        {"body": "<html>welcome</html>"},
        {"json": []},
        {"json": {"access_token": "a\r\nb"}},
        {"body": requests.ConnectionError("no such name")},
    ],
)
def test_check_recognises_a_wrong_host(
    answer: dict[str, Any], wire: responses.RequestsMock, client: AlmClient
) -> None:
    wire.post(REFRESH, **answer)
    with pytest.raises(ConfigurationError) as caught:
        client.check()
    assert caught.value.setting == "host"


def test_check_leaves_an_outage_an_outage(wire: responses.RequestsMock, client: AlmClient) -> None:
    wire.post(REFRESH, status=503)
    with pytest.raises(TemporaryError):
        client.check()


def test_an_answer_without_a_life_is_believed_for_an_hour_at_most(
    wire: responses.RequestsMock, client: AlmClient, storage: MemoryStorage, clock: Clock
) -> None:
    wire.post(REFRESH, json={"access_token": "t-1", "expires_in": "soon"})
    wire.get(f"{API}/users/1", json={"data": user("1")})
    client.learner("1")
    clock.sleep(3600)
    client.learner("1")
    assert len(asked(wire, "oauth")) == 2


def test_an_invalid_host_is_a_wrong_setting(
    alm_settings: dict[str, Any], storage: MemoryStorage, clock: Clock
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AlmClient({**alm_settings, "host": "http://learningmanager.adobe.com"}, storage, clock.now, clock.sleep)
    assert caught.value.setting == "host"
