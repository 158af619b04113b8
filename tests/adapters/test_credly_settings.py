from typing import Any

import pytest
from marshmallow import ValidationError

from badgerelay.adapters.credly.settings import CredlySettings, api_url, oauth_url, web_url

ORGANIZATION = "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"


def settings(**given: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = CredlySettings().load({"organization_id": ORGANIZATION, **given})
    return loaded


def test_a_token_is_enough_and_the_host_is_production() -> None:
    loaded = settings(token=" SIMULATOR-TOKEN-0001\n")
    assert loaded["token"] == "SIMULATOR-TOKEN-0001"
    assert api_url(loaded) == "https://api.credly.com"


def test_an_oauth_client_is_enough() -> None:
    assert "token" not in settings(oauth_client_id="id", oauth_client_secret="secret")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "token"),
        ({"token": "  "}, "token"),
        ({"token": "t", "oauth_client_id": "id", "oauth_client_secret": "secret"}, "token"),
        ({"token": None, "oauth_client_id": "id"}, "oauth_client_secret"),
        ({"oauth_client_secret": "secret"}, "oauth_client_id"),
        ({"token": "t", "organization_id": "../x"}, "organization_id"),
        ({"token": "t", "organization_id": ""}, "organization_id"),
        ({"token": "t", "host": "http://api.credly.com"}, "host"),
        ({"token": "t", "oauth_host": "ftp://x"}, "oauth_host"),
        ({"token": "t", "tokn": "t"}, "tokn"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**given)
    assert list(caught.value.messages) == [field]


@pytest.mark.parametrize(
    ("host", "web"),
    [
        ("api.credly.com", "https://www.credly.com"),
        ("https://sandbox-api.credly.com", "https://sandbox.credly.com"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_access_tokens_come_from_the_web_host_that_belongs_to_the_api(host: str, web: str) -> None:
    assert web_url(settings(token="t", host=host)) == web
    assert oauth_url(settings(token="t", host=host)) == web
    assert oauth_url(settings(token="t", host=host, oauth_host="login.example.org")) == "https://login.example.org"


def test_loaded_settings_load_again() -> None:
    loaded = settings(token="t", host="sandbox-api.credly.com")
    assert CredlySettings().load(loaded) == loaded


def test_every_field_has_a_label_and_a_help_and_secrets_are_marked() -> None:
    fields = CredlySettings().fields
    assert all(field.metadata["label"] and field.metadata["help"] for field in fields.values())
    assert {name for name, field in fields.items() if field.metadata.get("secret")} == {
        "token",
        "oauth_client_secret",
    }
