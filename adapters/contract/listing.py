"""Lists: of badge templates always, of issued badges if declared."""

from __future__ import annotations

from typing import get_args

from ..values import BadgeState, TemplateState
from .provider import Provider
from .sending import issue_one


class ListingContract:
    def test_each_template_is_listed_once_with_name_and_state(self, provider: Provider) -> None:
        listed = list(provider.connect().templates())
        assert listed, "the provider has no badge template: create one first"
        ids = [each.id for each in listed]
        assert len(set(ids)) == len(ids)
        assert all(ids)
        assert all(each.name for each in listed)
        assert all(each.state in get_args(TemplateState) for each in listed)
        assert all(each.created_at is None or each.created_at.tzinfo for each in listed)

    def test_an_incomplete_list_of_templates_raises(self, provider: Provider) -> None:
        adapter = provider.connect()
        whole = {each.id for each in adapter.templates()}
        with provider.failing("500=1"):
            try:
                listed = {each.id for each in adapter.templates()}
            except Exception:
                return
        assert listed == whole, (
            "templates() must raise if the list is incomplete: a missing template counts as deleted"
        )

    def test_each_issued_badge_is_listed_once_with_its_learner(self, provider: Provider) -> None:
        provider.needs("can_list")
        provider.needs_learners()
        adapter = provider.connect()
        template = provider.template(adapter).id
        awards = [provider.award(adapter, template_id=template) for _ in range(3)]
        issued = {getattr(issue_one(adapter, award), "id", None): award for award in awards}
        listed = [each for each in adapter.badges() if each.id in issued]
        assert sorted(each.id for each in listed) == sorted(map(str, issued))
        for each in listed:
            person = issued[each.id].recipient
            assert each.template_id == template
            assert each.state in get_args(BadgeState)
            assert each.earner_id == person.earner_id or each.email == person.email, (
                "the list does not say whose badge it is"
            )

    def test_a_list_of_one_template_has_no_other_badges(self, provider: Provider) -> None:
        provider.needs("can_list")
        provider.needs_learners()
        adapter = provider.connect()
        active = [each.id for each in adapter.templates() if each.state == "active"][:2]
        for template in active:
            issue_one(adapter, provider.award(adapter, template_id=template))
        for template in active:
            assert {each.template_id for each in adapter.badges(template)} == {template}

    def test_an_incomplete_list_of_badges_raises(self, provider: Provider) -> None:
        provider.needs("can_list")
        provider.needs_learners()
        adapter = provider.connect()
        issue_one(adapter, provider.award(adapter))
        with provider.failing("500=1"):
            try:
                listed = list(adapter.badges())
            except Exception:
                return
        assert listed, "badges() must raise if the list is incomplete"
