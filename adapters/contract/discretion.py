"""Secrets and addresses appear in no error and no log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import pytest

from ..errors import AdapterError
from ..values import Award
from .issuing import NO_TEMPLATE
from .provider import Provider
from .sending import issue_one

FAULTS = ("expired=1", "500=1", "html502=1", "down=1", "lost=#1", "garbled=1", "huge=#1", "429=1:1", "")


class DiscretionContract:
    def test_neither_errors_nor_logs_contain_a_secret_or_an_address(
        self, provider: Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        provider.needs_learners()
        caplog.set_level(logging.DEBUG)
        adapter = provider.connect()
        template = provider.template(adapter).id
        awards = [provider.award(adapter, template_id=template) for _ in FAULTS]
        texts = [repr(adapter), repr(adapter.context)]
        for award, fault in zip(awards, FAULTS, strict=True):
            with provider.failing(fault):
                texts += _texts_of(lambda award=award: issue_one(adapter, award))  # type: ignore[misc]  # mypy does not infer the lambda
                texts += _texts_of(adapter.check)
                texts += _texts_of(lambda: list(adapter.templates()))
                if adapter.capabilities.can_look_up:
                    texts += _texts_of(lambda award=award: adapter.find(award))  # type: ignore[misc]  # as above
        refused = provider.award(adapter, template_id=NO_TEMPLATE)
        texts += _texts_of(lambda: issue_one(adapter, refused))
        _assert_discreet("\n".join([*texts, *_logged(caplog)]), provider, [*awards, refused])

    def test_a_wrong_secret_does_not_appear(self, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
        provider.needs_learners()
        caplog.set_level(logging.DEBUG)
        wrong = "a-secret-that-is-wrong"
        for key in provider.secrets():
            adapter = provider.connect({key: wrong})
            text = "\n".join([repr(adapter), *_texts_of(adapter.check), *_logged(caplog)])
            assert wrong not in text


def _texts_of(call: Callable[[], object]) -> list[str]:
    """Return the texts of the error that the call raises or returns: traceback and repr."""
    try:
        given = call()
    except AdapterError as error:
        given = error
    return ["".join(traceback.format_exception(given)), repr(given)] if isinstance(given, AdapterError) else []


def _logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines, without those of urllib3, which logs each request's path when debugged."""
    records = [record for record in caplog.records if not record.name.startswith("urllib3")]
    return [caplog.handler.format(record) for record in records]


def _assert_discreet(text: str, provider: Provider, awards: list[Award]) -> None:
    leaked = [key for key, value in provider.secrets().items() if value in text]
    assert not leaked, f"these settings appear: {', '.join(leaked)}"
    assert not [award for award in awards if award.recipient.email in text], "e-mail addresses appear"
