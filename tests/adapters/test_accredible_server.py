"""Behaviour of Accredible: its own sandbox with ``ACCREDIBLE_API_KEY``, or else ours, over real HTTP.

With a key (``ACCREDIBLE_REGION``: ``sandbox`` unless given), the account has a group that allows no duplicates; the
credentials are issued to invented learners and deleted.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from badgerelay.adapters import INVALID_TEMPLATE, Award, IssuedBadge, Recipient, RejectedError
from badgerelay.adapters.accredible.adapter import AccredibleAdapter
from badgerelay.adapters.contract import AdapterContract, Provider

from .sandboxes import recording

KEY = os.environ.get("ACCREDIBLE_API_KEY", "")
NO_GROUP = "999999999"


@pytest.fixture
def settings(serving: Callable[..., str]) -> dict[str, str]:
    if KEY:
        return {"api_key": KEY, "region": os.environ.get("ACCREDIBLE_REGION", "sandbox")}
    return AccredibleAdapter.sandbox_settings(serving(AccredibleAdapter))


@pytest.fixture
def adapter(join: Callable[..., Any], settings: dict[str, str]) -> Iterator[AccredibleAdapter]:
    joined: AccredibleAdapter = join(AccredibleAdapter, **settings)
    made = recording(joined)
    yield joined
    eraser = join(AccredibleAdapter, **settings, revoke_by="delete")
    for badge in made:
        with contextlib.suppress(RejectedError):
            eraser.revoke(badge.id, "made by a test")


@pytest.fixture
def template(adapter: AccredibleAdapter) -> str:
    return next(each.id for each in adapter.templates() if not each.allows_duplicates)


def award(template: str, **more: Any) -> Award:
    number = secrets.token_hex(6)
    person = Recipient(f"learner-{number}@learners.example.org", "Ines", "Moreau", f"alm:70412:{number}")
    return Award(
        id=number, template_id=template, recipient=person, issued_at=datetime.now(UTC) - timedelta(days=3), **more
    )


def test_the_settings_work_and_name_the_account(adapter: AccredibleAdapter) -> None:
    account = adapter.check()
    assert account.id
    assert account.name


def test_templates_have_an_id_and_a_name(adapter: AccredibleAdapter) -> None:
    templates = list(adapter.templates())
    assert templates
    assert all(each.id.isdigit() and each.name and each.state == "active" for each in templates)
    assert len({each.id for each in templates}) == len(templates)


def test_a_credential_is_issued_once_however_often_it_is_sent(adapter: AccredibleAdapter, template: str) -> None:
    one = award(template)
    (first,) = adapter.issue([one])
    assert isinstance(first, IssuedBadge)
    assert (first.existed, first.template_id) == (False, template)
    assert first.issued_at is not None
    assert first.issued_at.date() == one.issued_at.date()
    (second,) = adapter.issue([one])
    assert isinstance(second, IssuedBadge)
    assert (second.id, second.existed) == (first.id, True)
    found = adapter.find(one)
    assert found is not None
    assert (found.id, found.existed) == (first.id, True)


def test_a_learner_with_a_new_address_has_the_credential_still(adapter: AccredibleAdapter, template: str) -> None:
    one = award(template)
    (badge,) = adapter.issue([one])
    moved = replace(one, recipient=replace(one.recipient, email="moved-" + one.recipient.email))
    found = adapter.find(moved)
    assert isinstance(badge, IssuedBadge)
    assert found is not None
    assert found.id == badge.id


def test_a_batch_issues_valid_awards_and_names_the_others(adapter: AccredibleAdapter, template: str) -> None:
    good = [award(template) for _ in range(3)]
    bad = replace(award(template), recipient=replace(good[0].recipient, email="no-address", earner_id="x"))
    adapter.issue(good[:1])
    outcomes = adapter.issue([good[0], good[1], bad, good[2]])
    assert isinstance(outcomes[2], RejectedError)
    badges = [each for each in outcomes if isinstance(each, IssuedBadge)]
    assert [badge.existed for badge in badges] == [True, False, False]
    assert [adapter.find(each).id for each in good] == [badge.id for badge in badges]  # type: ignore[union-attr]


def test_an_unknown_group_is_an_invalid_template(adapter: AccredibleAdapter) -> None:
    for template in (NO_GROUP, "no-number"):
        (outcome,) = adapter.issue([award(template)])
        assert isinstance(outcome, RejectedError)
        assert outcome.code == INVALID_TEMPLATE
        assert adapter.find(award(template)) is None


def test_an_end_is_kept(adapter: AccredibleAdapter, template: str) -> None:
    end = datetime.now(UTC) + timedelta(days=400)
    (badge,) = adapter.issue([award(template, expires_at=end)])
    assert isinstance(badge, IssuedBadge)
    assert badge.expires_at is not None
    assert badge.expires_at.date() == end.date()


@pytest.mark.parametrize("way", ["expire", "delete"])
def test_a_revoked_credential_is_not_live(
    join: Callable[..., Any], settings: dict[str, str], adapter: AccredibleAdapter, template: str, way: str
) -> None:
    one = award(template)
    (badge,) = adapter.issue([one])
    assert isinstance(badge, IssuedBadge)
    revoker = join(AccredibleAdapter, **settings, revoke_by=way)
    for _ in range(2):
        revoked = revoker.revoke(badge.id, "issued in error")
        assert (revoked.id, revoked.state) == (badge.id, "revoked")
    assert adapter.find(one) is None


def test_an_unknown_badge_cannot_be_revoked(adapter: AccredibleAdapter) -> None:
    with pytest.raises(RejectedError) as caught:
        adapter.revoke("1", "issued in error")
    assert caught.value.code == "not_found"


def test_every_credential_is_listed_once_in_its_state(adapter: AccredibleAdapter, template: str) -> None:
    awards = [award(template) for _ in range(3)]
    badges = [each for each in adapter.issue(awards) if isinstance(each, IssuedBadge)]
    adapter.revoke(badges[0].id, "issued in error")
    for listed in (list(adapter.badges()), list(adapter.badges(template))):
        found = {each.id: each for each in listed}
        assert len(found) == len(listed)
        assert found[badges[0].id].state == "revoked"
        one = found[badges[1].id]
        assert (one.earner_id, one.email) == (awards[1].recipient.earner_id, awards[1].recipient.email)


@pytest.mark.skipif(not KEY, reason="ACCREDIBLE_API_KEY is not set; over our own sandbox: test_contract.py")
class TestServer(AdapterContract):
    @pytest.fixture
    def provider(self, settings: dict[str, str]) -> Iterator[Provider]:
        """Only what asks, and the life of one credential, which is deleted in the end."""
        learner = f"learner-{secrets.token_hex(6)}@learners.example.org"
        whole = {**settings, "revoke_by": "delete"}
        provider = Provider(AccredibleAdapter, whole, made_up=False, email=learner)
        yield provider
        provider.close()
