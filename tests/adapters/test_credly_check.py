"""``check`` names the setting that is wrong."""

import socket
from collections.abc import Callable

import flask
import pytest
import responses

from badgerelay.adapters import Account, ConfigurationError, TemporaryError
from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.sandbox import BackgroundServer

ORGANIZATION = "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"
OTHER = "11111111-2222-4333-8444-555555555555"
URL = f"https://api.credly.com/v1/organizations/{ORGANIZATION}"

Connect = Callable[..., CredlyAdapter]
Sandbox = Callable[..., str]


def wrong_setting(adapter: CredlyAdapter) -> str | None:
    with pytest.raises(ConfigurationError) as caught:
        adapter.check()
    return caught.value.setting


def test_good_settings_give_the_organizations_name(connect: Connect, sandbox: Sandbox) -> None:
    assert connect(sandbox()).check() == Account(ORGANIZATION, "Riverbank Academy")


def test_a_wrong_token_is_the_token(connect: Connect, sandbox: Sandbox) -> None:
    assert wrong_setting(connect(sandbox(), token="wrong")) == "token"
    assert wrong_setting(connect(sandbox(), token="wrong", organization_id=OTHER)) == "token"


@pytest.mark.parametrize("status", ["404", "403"])
def test_an_organization_that_the_token_cannot_see_is_the_organization(
    connect: Connect, sandbox: Sandbox, status: str
) -> None:
    url = sandbox(organizations="2", foreign_organization=status)
    assert wrong_setting(connect(url, token="SIMULATOR-TOKEN-0002")) == "organization_id"
    assert wrong_setting(connect(url, organization_id=OTHER)) == "organization_id"


def test_a_refused_connection_is_the_host(connect: Connect) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert wrong_setting(connect(url)) == "host"


def test_a_name_that_does_not_resolve_is_the_host(connect: Connect) -> None:
    assert wrong_setting(connect("no-such-host.invalid")) == "host"


def test_a_server_without_tls_is_the_host(connect: Connect, sandbox: Sandbox) -> None:
    assert wrong_setting(connect(sandbox().replace("http:", "https:"))) == "host"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>Welcome</html>"),
        (404, "<html>Not here</html>"),
        (200, '{"data": {}}'),
        (200, '{"data": {"id": "x"}}'),
        (200, '{"data": []}'),
        (200, '{"status": "ok"}'),
        (200, "[1]"),
        (200, ""),
    ],
)
def test_an_answer_that_is_not_credlys_is_a_wrong_host(connect: Connect, status: int, body: str) -> None:
    with responses.RequestsMock() as wire:
        wire.get(URL, body=body, status=status)
        assert wrong_setting(connect()) == "host"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_the_host_and_gets_no_token(connect: Connect, status: int) -> None:
    seen: list[str] = []
    elsewhere, redirecting = flask.Flask("elsewhere"), flask.Flask("redirecting")
    elsewhere.before_request(lambda: seen.append(flask.request.path))
    with BackgroundServer(elsewhere) as target:
        redirecting.before_request(lambda: flask.redirect(f"{target.url}/take", status))
        with BackgroundServer(redirecting) as server:
            assert wrong_setting(connect(server.url)) == "host"
    assert seen == []


def test_another_organizations_answer_is_the_organization(connect: Connect) -> None:
    with responses.RequestsMock() as wire:
        wire.get(URL, json={"data": {"id": OTHER, "name": "Another"}})
        assert wrong_setting(connect()) == "organization_id"


@pytest.mark.parametrize("fault", ["500=#1", "html502=#1", "down=#1"])
def test_a_question_is_repeated_at_once_after_a_lost_answer(connect: Connect, sandbox: Sandbox, fault: str) -> None:
    connect(sandbox(faults=fault)).check()


@pytest.mark.parametrize("fault", ["500=1", "429=#1:2", "html502=1", "down=1"])
def test_a_failure_of_credly_is_not_a_wrong_setting(connect: Connect, sandbox: Sandbox, fault: str) -> None:
    with pytest.raises(TemporaryError):
        connect(sandbox(faults=fault)).check()


def test_the_message_names_the_setting_and_not_the_token(connect: Connect, sandbox: Sandbox) -> None:
    with pytest.raises(ConfigurationError, match="180 days") as caught:
        connect(sandbox(), token="very-secret-token").check()
    assert "very-secret-token" not in str(caught.value)
