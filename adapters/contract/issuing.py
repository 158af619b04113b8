"""Badges are issued, each once; a wrong award does not affect the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ..errors import INVALID_TEMPLATE, RejectedError
from ..values import IssuedBadge
from .provider import Provider
from .sending import issue_all, issue_one

SAME_DAY_SECONDS = 86_400.0
NO_TEMPLATE = "00000000-0000-4000-8000-000000000000"


class IssuingContract:
    def test_an_award_becomes_a_badge(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        award = provider.award(adapter)
        badge = issue_one(adapter, award)
        assert isinstance(badge, IssuedBadge)
        assert badge.id
        assert badge.template_id == award.template_id
        assert badge.state in ("pending", "accepted")
        assert not badge.existed
        if badge.issued_at is not None:
            assert badge.issued_at.tzinfo is not None
            assert abs((badge.issued_at - award.issued_at).total_seconds()) < SAME_DAY_SECONDS, (
                "the badge has another date"
            )

    def test_several_learners_get_a_badge_each_in_order(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        template = provider.template(adapter).id
        awards = [
            provider.award(adapter, template_id=template) for _ in range(min(3, adapter.capabilities.max_batch))
        ]
        badges = issue_all(adapter, awards)
        ids = [badge.id for badge in badges if isinstance(badge, IssuedBadge)]
        assert len(set(ids)) == len(awards)
        if adapter.capabilities.can_look_up:
            assert [found.id for award in awards if (found := adapter.find(award))] == ids

    def test_max_batch_awards_can_be_issued_at_once(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        template = provider.template(adapter).id
        before = provider.number()
        most = adapter.capabilities.max_batch
        badges = issue_all(adapter, [provider.award(adapter, template_id=template) for _ in range(most)])
        assert all(isinstance(badge, IssuedBadge) for badge in badges), badges
        assert provider.number() == before + most

    def test_the_same_award_again_is_the_same_badge(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        award = provider.award(adapter)
        first, second = issue_one(adapter, award), issue_one(adapter, award)
        assert isinstance(first, IssuedBadge)
        if provider.template(adapter).allows_duplicates:
            assert isinstance(second, IssuedBadge), "a duplicate that the provider allows is not an error"
            return
        assert isinstance(second, IssuedBadge)
        assert second.id == first.id
        assert second.existed, "an existing badge must have existed=True"

    def test_another_period_is_another_badge(self, provider: Provider) -> None:
        provider.needs_learners()
        provider.needs("can_look_up")
        adapter = provider.connect()
        award = provider.award(adapter, period="certification:1")
        renewed = replace(award, period="certification:2", issued_at=award.issued_at + timedelta(days=365))
        first = issue_one(adapter, award)
        assert isinstance(first, IssuedBadge)
        assert adapter.find(renewed) is None, "find() returned the badge of an earlier period"
        second = issue_one(adapter, renewed)
        if isinstance(second, RejectedError):
            return  # the provider allows one badge of a template per learner
        assert isinstance(second, IssuedBadge)
        assert second.id != first.id

    def test_an_unknown_template_is_refused(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        refusal = issue_one(adapter, provider.award(adapter, template_id=NO_TEMPLATE))
        assert isinstance(refusal, RejectedError)
        assert refusal.code == INVALID_TEMPLATE
        assert str(refusal)

    def test_one_wrong_award_does_not_affect_its_batch(self, provider: Provider) -> None:
        provider.needs_learners()
        adapter = provider.connect()
        most = min(3, adapter.capabilities.max_batch)
        template = provider.template(adapter).id
        for bad in range(most):
            awards = [
                provider.award(adapter, template_id=NO_TEMPLATE if number == bad else template)
                for number in range(most)
            ]
            outcomes = issue_all(adapter, awards)
            kinds = [RejectedError if number == bad else IssuedBadge for number in range(most)]
            assert [type(each) if isinstance(each, IssuedBadge) else _kind(each) for each in outcomes] == kinds


def _kind(outcome: object) -> type:
    return RejectedError if isinstance(outcome, RejectedError) else type(outcome)
