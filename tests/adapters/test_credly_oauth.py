"""Access tokens of an OAuth client, over real HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from badgerelay.adapters import ConfigurationError, TemporaryError
from badgerelay.adapters.credly.adapter import CredlyAdapter

from .sandboxes import failures_of_many_checks

CLIENT = {"oauth_client_id": "simulator-client-0001", "oauth_client_secret": "SIMULATOR-SECRET-0001"}
TOKEN_URL = "https://www.credly.com/oauth/token"

Connect = Callable[..., CredlyAdapter]
Sandbox = Callable[..., str]


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def grants(url: str) -> int:
    count: int = requests.get(f"{url}/_sandbox/requests").json()["counts"].get("POST /oauth/token", 0)
    return count


def test_one_access_token_serves_many_calls_and_is_kept_until_shortly_before_its_end(
    connect: Connect, sandbox: Sandbox, storage: Any
) -> None:
    url = sandbox()
    adapter = connect(url, **CLIENT)
    assert adapter.check().name == "Riverbank Academy"
    list(adapter.templates())
    list(connect(url, **CLIENT).templates())
    assert grants(url) == 1
    assert list(storage.seconds.values()) == [7140.0]


def test_a_refused_access_token_is_renewed_once(connect: Connect, sandbox: Sandbox) -> None:
    url = sandbox()
    adapter = connect(url, **CLIENT)
    adapter.check()
    requests.post(f"{url}/_sandbox/tokens", json={})
    adapter.check()
    assert grants(url) == 2


def test_a_second_401_is_a_wrong_setting(connect: Connect, sandbox: Sandbox) -> None:
    url = sandbox()
    adapter = connect(url, **CLIENT)
    adapter.check()
    requests.put(f"{url}/_sandbox/faults", data="expired=#2")
    with pytest.raises(ConfigurationError) as caught:
        list(adapter.templates())
    assert caught.value.setting == "oauth_client_secret"


def test_many_threads_renew_once(connect: Connect, sandbox: Sandbox) -> None:
    url = sandbox(faults="latency=0.02")
    adapter = connect(url, **CLIENT)
    assert failures_of_many_checks(adapter) == []
    assert grants(url) == 1


def test_a_wrong_client_is_named_without_its_secret(connect: Connect, sandbox: Sandbox) -> None:
    adapter = connect(sandbox(), oauth_client_id="x", oauth_client_secret="very-secret")
    with pytest.raises(ConfigurationError) as caught:
        adapter.check()
    assert caught.value.setting == "oauth_client_secret"
    assert "very-secret" not in str(caught.value)


def test_access_tokens_are_asked_of_the_web_host(connect: Connect, wire: responses.RequestsMock) -> None:
    wire.post(TOKEN_URL, json={"access_token": "abc", "expires_in": 7200})
    wire.get(
        "https://api.credly.com/v1/organizations/0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001/badge_templates",
        json={"data": []},
    )
    assert list(connect(**CLIENT).templates()) == []
    assert wire.calls[1].request.headers["Authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"<html>", b"{}", b'{"access_token": 7}', b'{"access_token": ""}', b'{"access_token": "a\\r\\nb"}'],
)
def test_an_answer_without_an_access_token_is_a_wrong_oauth_host(
    connect: Connect, wire: responses.RequestsMock, body: bytes
) -> None:
    wire.post(TOKEN_URL, body=body)
    with pytest.raises(ConfigurationError) as caught:
        connect(**CLIENT).check()
    assert caught.value.setting == "oauth_host"


@pytest.mark.parametrize("lifetime", [None, "7200", -1, True, 0])
def test_a_lifetime_that_makes_no_sense_is_taken_as_a_short_one(
    connect: Connect, wire: responses.RequestsMock, storage: Any, lifetime: object
) -> None:
    wire.post(TOKEN_URL, json={"access_token": "abc", "expires_in": lifetime})
    wire.get(
        "https://api.credly.com/v1/organizations/0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001/badge_templates",
        json={"data": []},
    )
    list(connect(**CLIENT).templates())
    assert list(storage.seconds.values()) == [540.0]


def test_no_access_token_means_that_nothing_was_sent(
    connect: Connect, wire: responses.RequestsMock, make_award: Any
) -> None:
    wire.post(TOKEN_URL, status=503, headers={"Retry-After": "7"})
    with pytest.raises(TemporaryError) as caught:
        connect(**CLIENT).issue([make_award()])
    assert (caught.value.retry_after, caught.value.may_have_acted) == (7.0, False)
    wire.upsert("POST", TOKEN_URL, body=requests.ReadTimeout())
    with pytest.raises(TemporaryError) as late:
        connect(**CLIENT).issue([make_award()])
    assert not late.value.may_have_acted
