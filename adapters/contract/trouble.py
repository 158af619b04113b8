"""A provider that is busy, broken or mad: the class of the error says what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from ..errors import AdapterError, AmbiguousError, OverBudgetError, TemporaryError
from ..values import IssuedBadge
from .provider import Provider
from .sending import bring_home, is_doubt, issue_one

GARBLED = 12
"""Shapes of an answer that is none."""

ASKED_SECONDS = 7.0
SECONDS_LOST = 2.0
"""Of them, where the provider names a time in whole seconds."""


class TroubleContract:
    def test_a_busy_provider_is_asked_again_when_it_says(self, provider: Provider) -> None:
        outcome = _while_failing(provider, f"429=1:{ASKED_SECONDS:g}")
        assert isinstance(outcome, TemporaryError), repr(outcome)
        assert outcome.retry_after is not None, "the provider said when"
        assert ASKED_SECONDS - SECONDS_LOST <= outcome.retry_after <= ASKED_SECONDS, outcome.retry_after
        assert not outcome.may_have_acted, "a busy provider has done nothing"

    def test_a_busy_provider_need_not_say_when(self, provider: Provider) -> None:
        outcome = _while_failing(provider, "429bare=1")
        assert isinstance(outcome, TemporaryError), repr(outcome)
        wait = outcome.retry_after
        assert wait is None or wait > 0, "a wait that the adapter knows by itself is longer than none"

    @pytest.mark.parametrize("fault", ["500=1", "html502=1", "down=1"])
    def test_a_broken_provider_is_asked_again_later(self, provider: Provider, fault: str) -> None:
        outcome = _while_failing(provider, fault)
        assert isinstance(outcome, TemporaryError | AmbiguousError), repr(outcome)

    @pytest.mark.parametrize("fault", ["500=1", "html502=1", "down=1", "garbled=1", "429=1:1"])
    def test_what_only_asks_meets_trouble_with_an_adapter_error(self, provider: Provider, fault: str) -> None:
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
                    _gives_or_raises_an_adapter_error(question)

    def test_trouble_passes_and_the_badge_is_issued_once(self, provider: Provider) -> None:
        provider.needs_learners()
        provider.needs("can_look_up")
        adapter = provider.connect()
        award = provider.award(adapter)
        before = provider.number()
        with provider.failing(f"500=#1,html502=#1,429bare=#1,on={provider.issuing}"):
            bring_home(adapter, award, issue_one(adapter, award))
        assert provider.number() == before + 1

    def test_without_a_place_in_its_rate_nothing_is_sent(self, provider: Provider) -> None:
        provider.needs_http()
        provider.needs_learners()
        before = provider.number()
        award = provider.award(provider.connect())

        def none_left() -> None:
            raise OverBudgetError("the rate is used up", retry_after=3.0)

        outcome = issue_one(provider.connect(pace=none_left), award)
        assert isinstance(outcome, OverBudgetError), "context.pace() comes before each request, and its error through"
        assert provider.number() == before

    def test_each_request_takes_a_place_in_the_rate(self, provider: Provider) -> None:
        provider.needs_http()
        places: list[int] = []
        adapter = provider.connect(pace=lambda: places.append(1))
        adapter.check()
        assert places


def _while_failing(provider: Provider, fault: str) -> IssuedBadge | AdapterError:
    """What becomes of an award while the requests that issue go wrong; and that it is issued once they do not."""
    provider.needs_learners()
    adapter = provider.connect()
    award = provider.award(adapter)
    before = provider.number()
    with provider.failing(f"{fault},on={provider.issuing}"):
        outcome = issue_one(adapter, award)
    assert provider.number() == before
    if adapter.capabilities.can_look_up or not is_doubt(outcome):
        bring_home(adapter, award, outcome)
        assert provider.number() == before + 1
    return outcome


def _gives_or_raises_an_adapter_error(question: Callable[[], object]) -> None:
    with contextlib.suppress(AdapterError):
        question()
