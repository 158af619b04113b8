"""Revoking and replacing, if declared; and the whole life of one badge, also at a real provider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ..base import Adapter
from ..errors import RejectedError
from ..values import Award, IssuedBadge
from .provider import Provider
from .sending import issue_one

REASON = "A test of the contract"


class ChangingContract:
    def test_a_revoked_badge_is_not_found(self, provider: Provider) -> None:
        provider.needs("can_revoke")
        provider.needs_learners()
        adapter = provider.connect()
        award = provider.award(adapter)
        badge = _issued(adapter, award)
        revoked = adapter.revoke(badge.id, REASON)
        assert (revoked.id, revoked.state) == (badge.id, "revoked")
        if adapter.capabilities.can_look_up:
            assert adapter.find(award) is None

    def test_revoking_twice_gives_the_same_badge(self, provider: Provider) -> None:
        provider.needs("can_revoke")
        provider.needs_learners()
        adapter = provider.connect()
        badge = _issued(adapter, provider.award(adapter))
        first, second = adapter.revoke(badge.id, REASON), adapter.revoke(badge.id, REASON)
        assert (first.id, first.state) == (second.id, second.state) == (badge.id, "revoked")

    def test_an_unknown_badge_cannot_be_revoked(self, provider: Provider) -> None:
        provider.needs("can_revoke")
        provider.needs_learners()
        adapter = provider.connect()
        for badge_id in ("00000000-0000-4000-8000-000000000000", "../templates", "", "?"):
            with pytest.raises(RejectedError):
                adapter.revoke(badge_id, REASON)

    def test_a_badge_is_replaced_by_another(self, provider: Provider) -> None:
        provider.needs("can_replace")
        provider.needs_learners()
        adapter = provider.connect()
        award = provider.award(adapter)
        old = _issued(adapter, award)
        new = adapter.replace(old.id, replace(award, id=f"{award.id}-2"))
        assert new.id != old.id
        assert new.template_id == award.template_id
        assert new.state in ("pending", "accepted")
        if adapter.capabilities.can_look_up:
            found = adapter.find(award)
            assert found is not None
            assert found.id == new.id

    def test_the_life_of_a_badge(self, provider: Provider) -> None:
        if not (provider.made_up or provider.email):
            pytest.skip("no badge may be issued at this provider")
        adapter = provider.connect()
        award = provider.award(adapter)
        badge = _issued(adapter, award)
        try:
            if adapter.capabilities.can_look_up:
                found = adapter.find(award)
                assert found is not None, "find() does not find the issued badge"
                assert found.id == badge.id
            if adapter.capabilities.can_list:
                assert badge.id in {each.id for each in adapter.badges(award.template_id)}
        finally:
            if adapter.capabilities.can_revoke and not badge.existed:
                assert adapter.revoke(badge.id, REASON).state == "revoked"


def _issued(adapter: Adapter, award: Award) -> IssuedBadge:
    badge = issue_one(adapter, award)
    assert isinstance(badge, IssuedBadge), repr(badge)
    return badge
