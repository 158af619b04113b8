from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from badgerelay.plugin.sources.alm.settings import AlmSettings

BASE: dict[str, Any] = {
    "account_id": 70412,
    "host": "learningmanager.adobe.com",
    "client_id": " id ",
    "client_secret": "secret\n",
    "refresh_token": "token",
    "provider": ["academy"],
}
BASIC = {"webhook_auth": "basic", "webhook_username": "alm", "webhook_password": " p "}
SIGNATURE = {
    "webhook_auth": "signature",
    "signature_header": "X-Signature",
    "signature_algorithm": "sha256",
    "signature_encoding": "hex",
    "signature_prefix": "",
    "signature_secret": "s",
}


def load(**changes: Any) -> dict[str, Any]:
    return AlmSettings().load({**BASE, **changes})  # type: ignore[no-any-return]


def errors(**changes: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        load(**changes)
    return caught.value.messages  # type: ignore[return-value]


def test_settings_are_normalised() -> None:
    loaded = load(**BASIC)
    assert (loaded["account_id"], loaded["provider"], loaded["client_id"]) == ("70412", ["academy"], "id")
    assert (loaded["client_secret"], loaded["webhook_password"]) == ("secret", " p ")
    assert (loaded["name_policy"], loaded["bulk_parameter"]) == ("last_word_is_last_name", "id")
    assert load(**BASIC, provider="academy")["provider"] == ["academy"]
    assert AlmSettings().load(loaded) == loaded


def test_a_badge_may_be_of_several_providers() -> None:
    assert load(**BASIC, provider=["academy", "campus"])["provider"] == ["academy", "campus"]


@pytest.mark.parametrize("provider", [[], [""], ["a", 5], "", None, 5])
def test_an_invalid_provider_is_refused(provider: Any) -> None:
    assert "provider" in errors(**BASIC, provider=provider)


def test_an_unknown_setting_is_answered_with_the_known_ones() -> None:
    (message,) = errors(**BASIC, webhook_pasword="x")["webhook_pasword"]
    assert "webhook_password" in message
    assert "account_id" in message


@pytest.mark.parametrize("host", ["http://learningmanager.adobe.com", "https://a/b", "", "a b"])
def test_an_invalid_host_is_refused(host: str) -> None:
    assert set(errors(**BASIC, host=host)) == {"host"}


def test_basic_authentication_names_what_it_misses() -> None:
    assert set(errors(webhook_auth="basic")) == {"webhook_username", "webhook_password"}
    assert set(errors(**{**BASIC, "webhook_password": ""})) == {"webhook_password"}
    assert set(errors(**{**BASIC, "webhook_username": "a:b"})) == {"webhook_username"}


def test_signature_authentication_names_each_missing_setting() -> None:
    assert set(errors(webhook_auth="signature")) == set(SIGNATURE) - {"webhook_auth"}
    for key in set(SIGNATURE) - {"webhook_auth"}:
        assert set(errors(**{**SIGNATURE, key: None})) == {key}


def test_an_empty_signature_prefix_is_fine_when_stated() -> None:
    assert load(**SIGNATURE)["signature_prefix"] == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [("signature_algorithm", "md5"), ("signature_encoding", "utf8"), ("signature_header", "X: y")],
)
def test_a_signature_setting_of_another_kind_is_refused(key: str, value: str) -> None:
    assert set(errors(**{**SIGNATURE, key: value})) == {key}


def test_no_authentication_needs_to_be_allowed() -> None:
    assert "allow_unauthenticated" in errors(webhook_auth="none")["webhook_auth"][0]
    assert load(webhook_auth="none", allow_unauthenticated=True)["webhook_auth"] == "none"


def test_every_setting_has_a_label_and_help_and_the_secrets_are_marked() -> None:
    fields = AlmSettings().fields
    assert all(field.metadata["label"] and field.metadata["help"] for field in fields.values())
    assert {name for name, field in fields.items() if field.metadata["secret"]} == {
        "client_secret",
        "refresh_token",
        "webhook_password",
        "signature_secret",
    }
