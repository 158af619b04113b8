"""The provider has acted, and nobody heard: an adapter says so, and finds the badge afterwards."""

from __future__ import annotations

import pytest

from ..base import Adapter
from ..errors import AdapterError
from ..values import Award, Outcome
from .provider import Provider
from .sending import bring_home, is_doubt, issue_all, issue_one, until

SLOW_SECONDS = 2.0


class DoubtContract:
    @pytest.mark.parametrize("fault", ["lost", "500after", "huge"])
    def test_an_answer_that_is_lost_leaves_doubt_and_one_badge(self, provider: Provider, fault: str) -> None:
        _unheard(provider, fault)

    def test_an_answer_of_any_other_shape_leaves_doubt_and_one_badge(self, provider: Provider) -> None:
        for _ in range(12):
            _unheard(provider, "garbled")

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
            bring_home(adapter, award, outcome)
        assert provider.number() == before + len(awards)

    def test_a_silent_provider_is_given_up_and_looked_at(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect(provider.quick())
        award = provider.award(adapter)
        before = provider.number()
        with provider.failing(f"slow=#1:{SLOW_SECONDS:g},on={provider.issuing}"):
            outcome = issue_one(adapter, award)
            assert is_doubt(outcome), f"nobody knows what a silent provider does: {outcome!r}"
            until(lambda: provider.number() == before + 1, "the slow provider never issued")
        if adapter.capabilities.can_look_up:
            bring_home(adapter, award, outcome)
            assert provider.number() == before + 1

    def test_who_has_no_badge_is_not_found(self, provider: Provider) -> None:
        provider.needs("can_look_up")
        provider.needs_learners()
        adapter = provider.connect()
        template = provider.template(adapter).id
        issue_one(adapter, provider.award(adapter, template_id=template))
        assert adapter.find(provider.award(adapter, template_id=template)) is None

    def test_a_look_up_that_fails_does_not_say_that_there_is_none(self, provider: Provider) -> None:
        provider.needs("can_look_up")
        provider.needs_learners()
        adapter = provider.connect()
        award = provider.award(adapter)
        issue_one(adapter, award)
        for fault in ("500=1", "html502=1", "down=1", "429bare=1", "expired=1"):
            with provider.failing(fault):
                assert _found(adapter, award) is not None, (
                    f"{fault}: the badge is there, and find() says that it is not"
                )


def _found(adapter: Adapter, award: Award) -> Outcome | None:
    try:
        return adapter.find(award)
    except AdapterError as error:
        return error


def _unheard(provider: Provider, fault: str) -> None:
    provider.needs_learners()
    adapter = provider.connect()
    award = provider.award(adapter)
    before = provider.number()
    with provider.failing(f"{fault}=#1,on={provider.issuing}"):
        outcome = issue_one(adapter, award)
    assert provider.number() > before, f"{fault} befell nothing that issues: give Provider(issuing=...)"
    assert provider.number() == before + 1, "it was sent again without a look"
    assert is_doubt(outcome), f"the badge was made, and the adapter says otherwise: {outcome!r}"
    if adapter.capabilities.can_look_up:
        bring_home(adapter, award, outcome)
        assert provider.number() == before + 1
