"""The adapter's declarations and settings, and its errors for a wrong setting."""

from __future__ import annotations

import pytest
from marshmallow import ValidationError

from ..base import Adapter
from ..errors import ConfigurationError
from ..validate import problem_of
from ..values import Account
from .provider import Provider


class ConnectingContract:
    def test_badgerelay_accepts_the_adapter(self, provider: Provider) -> None:
        problem = problem_of(provider.adapter, provider.adapter.name)
        assert not problem, f"the adapter {provider.adapter.name} {problem}"

    def test_each_setting_has_a_label_and_a_help(self, provider: Provider) -> None:
        fields = provider.adapter.settings_schema().fields
        bare = [key for key, each in fields.items() if not (each.metadata.get("label") and each.metadata.get("help"))]
        assert not bare, f"their metadata lack label or help: {', '.join(bare)}"

    def test_a_setting_that_is_missing_or_unknown_is_named(self, provider: Provider) -> None:
        schema = provider.adapter.settings_schema()
        for key, each in schema.fields.items():
            if each.required:
                without = {name: value for name, value in provider.settings.items() if name != key}
                with pytest.raises(ValidationError) as raised:
                    schema.load(without)
                assert key in raised.value.messages
        with pytest.raises(ValidationError) as raised:
            schema.load({**provider.settings, "no_such_setting": "x"})
        assert "no_such_setting" in raised.value.messages

    def test_settings_may_be_texts_as_on_a_command_line(self, provider: Provider) -> None:
        schema = provider.adapter.settings_schema()
        plain = {key: value for key, value in provider.settings.items() if type(value) in (int, float)}
        texts = {key: str(value) for key, value in plain.items()}
        assert schema.load({**provider.settings, **texts}) == schema.load(dict(provider.settings))

    def test_the_settings_work(self, provider: Provider) -> None:
        account = provider.connect().check()
        assert isinstance(account, Account)
        assert account.id
        assert account.name

    def test_construction_and_close_need_no_provider(self, provider: Provider) -> None:
        with provider.failing("down=1"):
            adapter = provider.connect()
            adapter.close()
            adapter.close()

    def test_a_wrong_secret_is_named_by_check(self, provider: Provider) -> None:
        secrets = provider.secrets()
        if not secrets or not provider.adapter.capabilities.over_http:
            pytest.skip("it has no secret that a provider checks")
        provider.needs_learners()  # a real provider may lock the account after wrong secrets
        for key in secrets:
            error = _configuration_error(provider.connect({key: "not-the-secret"}))
            assert error.setting in provider.adapter.settings_schema().fields, (
                "check() names no setting of the schema"
            )
            assert str(error), "the error of check() does not say what to do"

    def test_expired_credentials_are_a_wrong_setting_and_not_a_refusal(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        award = provider.award(adapter)
        with provider.failing("expired=1"):
            assert _configuration_error(adapter).setting in (None, *provider.adapter.settings_schema().fields)
            with pytest.raises(ConfigurationError):
                _raise_first(adapter, award)


def _configuration_error(adapter: Adapter) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as raised:
        adapter.check()
    return raised.value


def _raise_first(adapter: Adapter, award: object) -> None:
    (outcome,) = adapter.issue([award])  # type: ignore[list-item]  # an Award, as its caller passes it
    if isinstance(outcome, Exception):
        raise outcome
