"""The provider acted and its answer was lost: the adapter reports doubt, and finds the badge afterwards."""

from __future__ import annotations

import pytest

from ..base import Adapter
from ..errors import AdapterError
from ..values import Award, Outcome
from .provider import Provider
from .sending import is_doubt, issue_all, issue_one, retry_until_issued, until

SLOW_SECONDS = 2.0


class DoubtContract:
    @pytest.mark.parametrize("fault", ["lost", "500after", "huge"])
    def test_a_lost_answer_leaves_doubt_and_one_badge(self, provider: Provider, fault: str) -> None:
        _lose_answer(provider, fault)

    def test_a_malformed_answer_leaves_doubt_and_one_badge(self, provider: Provider) -> None:
        for _ in range(12):
            _lose_answer(provider, "garbled")

    def test_a_lost_answer_to_a_batch_leaves_doubt_about_each(self, provider: Provider) -> None:
        provider.needs_learners()
        provider.needs("can_look_up")
        adapter = provider.connect()
        template = provider.template(adapter).id
        awards = [
            provider.award(adapter, template_id=template) for _ in range(min(3, adapter.capabilities.max_batch))
        ]
        before = provider.number()
        with provider.failing(f"lost=#1,on={provider.issuing}"):
            outcomes = issue_all(adapter, awards)
        assert all(is_doubt(outcome) for outcome in outcomes), outcomes
        for award, outcome in zip(awards, outcomes, strict=True):
            retry_until_issued(adapter, award, outcome)
        assert provider.number() == before + len(awards)

    def test_a_silent_provider_times_out_and_leaves_doubt(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect(provider.quick())
        award = provider.award(adapter)
        before = provider.number()
        with provider.failing(f"slow=#1:{SLOW_SECONDS:g},on={provider.issuing}"):
            outcome = issue_one(adapter, award)
            assert is_doubt(outcome), f"a silent provider may have acted: {outcome!r}"
            until(lambda: provider.number() == before + 1, "the slow provider never issued")
        if adapter.capabilities.can_look_up:
            retry_until_issued(adapter, award, outcome)
            assert provider.number() == before + 1

    def test_a_learner_without_a_badge_is_not_found(self, provider: Provider) -> None:
        provider.needs("can_look_up")
        provider.needs_learners()
        adapter = provider.connect()
        template = provider.template(adapter).id
        issue_one(adapter, provider.award(adapter, template_id=template))
        assert adapter.find(provider.award(adapter, template_id=template)) is None

    def test_a_failed_look_up_does_not_say_that_no_badge_exists(self, provider: Provider) -> None:
        provider.needs("can_look_up")
        provider.needs_learners()
        adapter = provider.connect()
        award = provider.award(adapter)
        issue_one(adapter, award)
        for fault in ("500=1", "html502=1", "down=1", "429bare=1", "expired=1"):
            with provider.failing(fault):
                assert _found(adapter, award) is not None, (
                    f"{fault}: the badge exists, and find() says that it does not"
                )


def _found(adapter: Adapter, award: Award) -> Outcome | None:
    try:
        return adapter.find(award)
    except AdapterError as error:
        return error


def _lose_answer(provider: Provider, fault: str) -> None:
    provider.needs_learners()
    adapter = provider.connect()
    award = provider.award(adapter)
    before = provider.number()
    with provider.failing(f"{fault}=#1,on={provider.issuing}"):
        outcome = issue_one(adapter, award)
    assert provider.number() > before, f"{fault} did not hit a request that issues: give Provider(issuing=...)"
    assert provider.number() == before + 1, "the adapter sent again without a look-up"
    assert is_doubt(outcome), f"the badge was made, and the adapter reports no doubt: {outcome!r}"
    if adapter.capabilities.can_look_up:
        retry_until_issued(adapter, award, outcome)
        assert provider.number() == before + 1
