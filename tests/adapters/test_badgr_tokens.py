"""Access tokens of Badgr, over real HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from badgerelay.adapters import ConfigurationError, OverBudgetError, TemporaryError
from badgerelay.adapters.badgr.adapter import BadgrAdapter
from badgerelay.adapters.badgr.sandbox import CLIENT_ID, CLIENT_SECRET, FIRST_ISSUER
from badgerelay.adapters.http.credentials import lifetime

from .sandboxes import failures_of_many_checks

Join = Callable[..., BadgrAdapter]
Serving = Callable[..., str]
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
TOKEN = "https://api.badges.parchment.com/o/token"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def as_user(join: Join, url: str, **settings: Any) -> BadgrAdapter:
    return join(BadgrAdapter, **{**BadgrAdapter.sandbox_settings(url), **settings})


def as_client(join: Join, url: str, **settings: Any) -> BadgrAdapter:
    return join(BadgrAdapter, **{"issuer_id": FIRST_ISSUER, "base_url": url, **CLIENT, **settings})


def grants(url: str) -> int:
    count: int = requests.get(f"{url}/_sandbox/requests").json()["counts"].get("POST o/token", 0)
    return count


@pytest.mark.parametrize("kind", [as_user, as_client])
def test_one_token_serves_many_calls_of_all_processes_and_ends_shortly_before_its_end(
    join: Join, serving: Serving, storage: Any, kind: Callable[..., BadgrAdapter]
) -> None:
    url = serving(BadgrAdapter)
    assert kind(join, url).check().name == "Riverbank Academy"
    list(kind(join, url).templates())
    assert grants(url) == 1
    (seconds,) = [seconds for key, seconds in storage.seconds.items() if not key.endswith(".refresh")]
    assert seconds == 86_340.0


def test_a_refused_token_is_refreshed_once_and_the_refresh_token_changes(
    join: Join, serving: Serving, storage: Any
) -> None:
    url = serving(BadgrAdapter)
    adapter = as_user(join, url)
    adapter.check()
    before = {key: value for key, value in storage.values.items() if key.endswith(".refresh")}
    requests.post(f"{url}/_sandbox/tokens")
    adapter.check()
    assert grants(url) == 2
    assert before
    assert all(storage.values[key] not in ("", value) for key, value in before.items())


def test_a_refused_refresh_token_is_removed_and_the_password_used(join: Join, serving: Serving, storage: Any) -> None:
    url = serving(BadgrAdapter)
    adapter = as_user(join, url)
    adapter.check()
    key = next(key for key in storage.values if key.endswith(".refresh"))
    storage.values[key] = "of-another-time"
    requests.post(f"{url}/_sandbox/tokens")
    adapter.check()
    assert storage.values[key] not in ("", "of-another-time")


def test_a_client_has_no_refresh_token(join: Join, serving: Serving, storage: Any) -> None:
    as_client(join, serving(BadgrAdapter)).check()
    assert [key for key in storage.values if key.endswith(".refresh")] == []


def test_many_threads_ask_once(join: Join, serving: Serving) -> None:
    url = serving(BadgrAdapter, faults="latency=0.02")
    adapter = as_user(join, url)
    assert failures_of_many_checks(adapter) == []
    assert grants(url) == 1


@pytest.mark.parametrize(
    ("kind", "settings", "setting"),
    [
        (as_user, {"password": "wrong-secret"}, "password"),
        (as_client, {"client_secret": "wrong-secret"}, "client_secret"),
        (as_client, {"client_id": "nobody"}, "client_id"),
        (as_client, {"scope": "everything"}, "scope"),
    ],
)
def test_wrong_credentials_are_named_without_a_secret(
    join: Join, serving: Serving, kind: Callable[..., BadgrAdapter], settings: dict[str, str], setting: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind(join, serving(BadgrAdapter), **settings).check()
    assert caught.value.setting == setting
    assert "wrong-secret" not in str(caught.value)
    assert "@" not in str(caught.value)


def test_a_throttle_is_waited_for_by_everybody_and_met_once(join: Join, serving: Serving, storage: Any) -> None:
    url = serving(BadgrAdapter, throttle_seconds="600")
    with pytest.raises(ConfigurationError):
        as_user(join, url, password="wrong").check()  # it begins the throttle of this user
    adapter = as_user(join, url)
    with pytest.raises(TemporaryError) as caught:
        adapter.check()
    assert 590 < (caught.value.retry_after or 0) <= 600
    met = grants(url)
    for again in (adapter, as_user(join, url)):
        with pytest.raises(OverBudgetError) as later:
            again.check()
        assert 580 < (later.value.retry_after or 0) <= 600
    assert grants(url) == met == 2


@pytest.mark.parametrize("expires", [None, "2", True, -1, 1e400, {}])
def test_a_throttle_that_does_not_say_how_long_lasts_a_minute(
    join: Join, wire: responses.RequestsMock, expires: Any
) -> None:
    wire.post(TOKEN, json={"error": "login attempts throttled", "expires": expires}, status=429)
    with pytest.raises(TemporaryError) as caught:
        join(BadgrAdapter, issuer_id="x", username="u", password="p").check()
    assert caught.value.retry_after == 60.0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"<html>", b"{}", b'{"access_token": 7}', b'{"access_token": ""}', b'{"access_token": "a\\r\\nb"}'],
)
def test_an_answer_without_a_token_is_of_another_server(
    join: Join, wire: responses.RequestsMock, body: bytes
) -> None:
    wire.post(TOKEN, body=body)
    with pytest.raises(ConfigurationError) as caught:
        join(BadgrAdapter, issuer_id="x", username="u", password="p").check()
    assert caught.value.setting == "base_url"


def test_no_token_means_that_nothing_was_sent(join: Join, wire: responses.RequestsMock, make_award: Any) -> None:
    wire.post(TOKEN, status=503, headers={"Retry-After": "7"})
    with pytest.raises(TemporaryError) as caught:
        raise join(BadgrAdapter, issuer_id="x", username="u", password="p").issue([make_award()])[0]  # type: ignore[misc]
    assert (caught.value.retry_after, caught.value.may_have_acted) == (7.0, False)


def test_times_that_no_number_of_seconds_can_hold_are_a_day(join: Join, wire: responses.RequestsMock) -> None:
    wire.post(TOKEN, json={"error": "login attempts throttled", "expires": 10**400}, status=429)
    with pytest.raises(TemporaryError) as caught:
        join(BadgrAdapter, issuer_id="x", username="u", password="p").check()
    assert caught.value.retry_after == 86_400.0
    assert lifetime({"expires_in": 10**400}) == 86_400.0
