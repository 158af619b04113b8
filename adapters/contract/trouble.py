"""A provider that is busy, broken or answers nonsense: the error's class says what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from ..errors import AdapterError, AmbiguousError, OverBudgetError, TemporaryError
from ..values import IssuedBadge
from .provider import Provider
from .sending import is_doubt, issue_one, retry_until_issued

GARBLED = 12
"""Number of malformed answers of the fault ``garbled``."""

ASKED_SECONDS = 7.0
TOLERANCE_SECONDS = 2.0
"""Seconds by which the wait may be shorter, since a provider may state a time in whole seconds."""


class TroubleContract:
    def test_a_busy_provider_states_the_wait(self, provider: Provider) -> None:
        outcome = _while_failing(provider, f"429=1:{ASKED_SECONDS:g}")
        assert isinstance(outcome, TemporaryError), repr(outcome)
        assert outcome.retry_after is not None, "the provider stated a wait"
        assert ASKED_SECONDS - TOLERANCE_SECONDS <= outcome.retry_after <= ASKED_SECONDS, outcome.retry_after
        assert not outcome.may_have_acted, "a busy provider has not acted"

    def test_a_busy_provider_may_state_no_wait(self, provider: Provider) -> None:
        outcome = _while_failing(provider, "429bare=1")
        assert isinstance(outcome, TemporaryError), repr(outcome)
        wait = outcome.retry_after
        assert wait is None or wait > 0, "a wait that the adapter chooses is longer than 0"

    @pytest.mark.parametrize("fault", ["500=1", "html502=1", "down=1"])
    def test_a_broken_provider_is_retried_later(self, provider: Provider, fault: str) -> None:
        outcome = _while_failing(provider, fault)
        assert isinstance(outcome, TemporaryError | AmbiguousError), repr(outcome)

    @pytest.mark.parametrize("fault", ["500=1", "html502=1", "down=1", "garbled=1", "429=1:1"])
    def test_a_failed_question_raises_an_adapter_error(self, provider: Provider, fault: str) -> None:
        adapter = provider.connect()
        award = provider.award(adapter)
        questions: list[Callable[[], object]] = [adapter.check, lambda: list(adapter.templates())]
        if adapter.capabilities.can_look_up:
            questions.append(lambda: adapter.find(award))
        if adapter.capabilities.can_list:
            questions.append(lambda: list(adapter.badges()))
        with provider.failing(fault):
            for question in questions:
                for _ in range(GARBLED if fault.startswith("garbled") else 1):
                    _returns_or_raises_an_adapter_error(question)

    def test_after_failures_the_badge_is_issued_once(self, provider: Provider) -> None:
        provider.needs_learners()
        provider.needs("can_look_up")
        adapter = provider.connect()
        award = provider.award(adapter)
        before = provider.number()
        with provider.failing(f"500=#1,html502=#1,429bare=#1,on={provider.issuing}"):
            retry_until_issued(adapter, award, issue_one(adapter, award))
        assert provider.number() == before + 1

    def test_over_the_rate_limit_nothing_is_sent(self, provider: Provider) -> None:
        provider.needs_http()
        provider.needs_learners()
        before = provider.number()
        award = provider.award(provider.connect())

        def refuse() -> None:
            raise OverBudgetError("the rate is used up", retry_after=3.0)

        outcome = issue_one(provider.connect(pace=refuse), award)
        assert isinstance(outcome, OverBudgetError), "call context.pace() before each request; let its error through"
        assert provider.number() == before

    def test_each_request_is_paced(self, provider: Provider) -> None:
        provider.needs_http()
        paced: list[int] = []
        adapter = provider.connect(pace=lambda: paced.append(1))
        adapter.check()
        assert paced


def _while_failing(provider: Provider, fault: str) -> IssuedBadge | AdapterError:
    """Return an award's outcome while issuing requests fail, and check that it is issued afterwards."""
    provider.needs_learners()
    adapter = provider.connect()
    award = provider.award(adapter)
    before = provider.number()
    with provider.failing(f"{fault},on={provider.issuing}"):
        outcome = issue_one(adapter, award)
    assert provider.number() == before
    if adapter.capabilities.can_look_up or not is_doubt(outcome):
        retry_until_issued(adapter, award, outcome)
        assert provider.number() == before + 1
    return outcome


def _returns_or_raises_an_adapter_error(question: Callable[[], object]) -> None:
    with contextlib.suppress(AdapterError):
        question()
