"""The settings of Badgr and Accredible."""

from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from badgerelay.adapters.accredible.settings import AccredibleSettings
from badgerelay.adapters.accredible.settings import api_url as accredible_url
from badgerelay.adapters.badgr.settings import BadgrSettings
from badgerelay.adapters.badgr.settings import api_url as badgr_url
from badgerelay.adapters.http.hosts import base_url

USER = {"issuer_id": "abc", "username": "u@example.org", "password": "p"}
CLIENT = {"issuer_id": "abc", "client_id": "c", "client_secret": "s"}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://api.badges.parchment.com"),
        ({"region": "ca"}, "https://api.badges.parchment.ca"),
        ({"region": "demo"}, "https://api.demo.badges.parchment.com"),
        ({"base_url": "api.eu.badgr.io"}, "https://api.eu.badgr.io"),
        ({"base_url": " https://learn.example.org/badgr/\n"}, "https://learn.example.org/badgr"),
        ({"base_url": "http://127.0.0.1:8000", "region": "eu"}, "http://127.0.0.1:8000"),
    ],
)
def test_a_base_url_comes_before_a_region(given: dict[str, str], url: str) -> None:
    assert badgr_url(BadgrSettings().load({**USER, **given})) == url


def test_accredibles_european_host_begins_with_eu() -> None:
    assert (
        accredible_url(AccredibleSettings().load({"api_key": "k", "region": "eu"})) == "https://eu.api.accredible.com"
    )


@pytest.mark.parametrize("given", [USER, CLIENT, {**USER, "client_id": ""}])
def test_a_user_or_a_client_is_enough(given: dict[str, str]) -> None:
    assert BadgrSettings().load(given)["scope"] == "rw:issuer"


@pytest.mark.parametrize(
    ("schema", "given", "named"),
    [
        (BadgrSettings, {"issuer_id": "abc"}, "password"),
        (BadgrSettings, {**USER, **CLIENT}, "password"),
        (BadgrSettings, {"issuer_id": "abc", "username": "u"}, "password"),
        (BadgrSettings, {"issuer_id": "abc", "password": "p"}, "username"),
        (BadgrSettings, {"issuer_id": "abc", "client_id": "c"}, "client_secret"),
        (BadgrSettings, {"issuer_id": "abc", "client_secret": "c"}, "client_id"),
        (BadgrSettings, {**USER, "issuer_id": "../x"}, "issuer_id"),
        (BadgrSettings, {**USER, "region": "mars"}, "region"),
        (BadgrSettings, {**USER, "base_url": "http://learn.example.org"}, "base_url"),
        (BadgrSettings, {**USER, "base_url": "https://learn.example.org/?x=1"}, "base_url"),
        (BadgrSettings, {**USER, "scope": "rw:issuer&x=1"}, "scope"),
        (BadgrSettings, {**USER, "organisation": "x"}, "organisation"),
        (AccredibleSettings, {}, "api_key"),
        (AccredibleSettings, {"api_key": "two words"}, "api_key"),
        (AccredibleSettings, {"api_key": "a\r\nX-Evil: b"}, "api_key"),
        (AccredibleSettings, {"api_key": "k", "revoke_by": "hope"}, "revoke_by"),
        (AccredibleSettings, {"api_key": "k", "region": "api.eu"}, "region"),
    ],
)
def test_the_wrong_setting_is_named(schema: type[Schema], given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        schema().load(given)
    assert isinstance(caught.value.messages, dict)
    assert set(caught.value.messages) == {named}


@pytest.mark.parametrize("schema", [BadgrSettings, AccredibleSettings])
def test_every_setting_has_a_label_and_a_help_and_secrets_are_marked(schema: type[Schema]) -> None:
    fields = schema().fields
    assert all(field.metadata.get("label") and field.metadata.get("help") for field in fields.values())
    secret = {key for key, field in fields.items() if field.metadata.get("secret")}
    assert secret == {"password", "client_secret", "api_key"} & set(fields)


@pytest.mark.parametrize(
    "url", ["x.example.org/a/../b", "x.example.org/a//b", "x.example.org/a%2f", "x.example.org/a?", "x.example.org/#"]
)
def test_a_path_below_a_host_is_a_plain_one(url: str) -> None:
    with pytest.raises(ValueError, match="host"):
        base_url(url, path=True)
