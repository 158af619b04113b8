"""Behaviour of any Badgr server: the sandbox over real HTTP, or the server that ``BADGR_BASE_URL`` names.

With a server, ``BADGR_USERNAME`` and ``BADGR_PASSWORD`` are those of a user with an issuer and a badge class.
Badges are issued to invented learners and revoked.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from badgerelay.adapters import INVALID_TEMPLATE, Award, ConfigurationError, IssuedBadge, Recipient, RejectedError
from badgerelay.adapters.badgr.adapter import BadgrAdapter
from badgerelay.adapters.contract import AdapterContract, Provider

from .sandboxes import recording

LIVE = os.environ.get("BADGR_BASE_URL", "")


@pytest.fixture
def settings(serving: Callable[..., str]) -> dict[str, str]:
    if not LIVE:
        return BadgrAdapter.sandbox_settings(serving(BadgrAdapter))
    user = {"username": os.environ["BADGR_USERNAME"], "password": os.environ["BADGR_PASSWORD"]}
    token = requests.post(f"{LIVE}/o/token", data=user, timeout=30).json()["access_token"]
    answer = requests.get(f"{LIVE}/v2/issuers", headers={"Authorization": f"Bearer {token}"}, timeout=30).json()
    return {"issuer_id": answer["result"][0]["entityId"], "base_url": LIVE, **user}


@pytest.fixture
def adapter(join: Callable[..., Any], settings: dict[str, str]) -> Iterator[BadgrAdapter]:
    joined: BadgrAdapter = join(BadgrAdapter, **settings)
    made = recording(joined)
    yield joined
    for badge in made:
        joined.revoke(badge.id, "made by a test")


@pytest.fixture
def template(adapter: BadgrAdapter) -> str:
    return next(adapter.templates()).id


def award(template: str, **more: Any) -> Award:
    number = secrets.token_hex(6)
    person = Recipient(f"learner-{number}@learners.example.org", "Ines", "Moreau", f"alm:70412:{number}")
    completed = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    return Award(id=number, template_id=template, recipient=person, issued_at=completed, **more)


def test_the_settings_work_and_name_the_issuer(adapter: BadgrAdapter, settings: dict[str, str]) -> None:
    account = adapter.check()
    assert account.id == settings["issuer_id"]
    assert account.name


def test_another_issuers_id_is_the_wrong_setting(join: Callable[..., Any], settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        join(BadgrAdapter, **{**settings, "issuer_id": "nobodys-issuer"}).check()
    assert caught.value.setting == "issuer_id"


def test_templates_have_an_id_and_a_name(adapter: BadgrAdapter) -> None:
    templates = list(adapter.templates())
    assert templates
    assert all(each.id and each.name and each.state == "active" for each in templates)
    assert len({each.id for each in templates}) == len(templates)


def test_a_badge_is_issued_once_however_often_it_is_sent(adapter: BadgrAdapter, template: str) -> None:
    one = award(template)
    (first,) = adapter.issue([one])
    assert isinstance(first, IssuedBadge)
    assert (first.existed, first.template_id, first.issued_at) == (False, template, one.issued_at)
    (second,) = adapter.issue([one])
    assert isinstance(second, IssuedBadge)
    assert (second.id, second.existed) == (first.id, True)
    found = adapter.find(one)
    assert found is not None
    assert (found.id, found.existed) == (first.id, True)


def test_a_badge_that_was_not_issued_is_not_found(adapter: BadgrAdapter, template: str) -> None:
    assert adapter.find(award(template)) is None


def test_a_batch_issues_valid_awards_and_names_the_others(adapter: BadgrAdapter, template: str) -> None:
    good = [award(template) for _ in range(3)]
    bad = replace(award(template), recipient=replace(good[0].recipient, email="no-address"))
    adapter.issue(good[:1])
    outcomes = adapter.issue([good[0], good[1], bad, good[2]])
    assert isinstance(outcomes[2], RejectedError)
    badges = [each for each in outcomes if isinstance(each, IssuedBadge)]
    assert [badge.existed for badge in badges] == [True, False, False]
    assert [adapter.find(each).id for each in good] == [badge.id for badge in badges]  # type: ignore[union-attr]


def test_an_unknown_badge_class_is_an_invalid_template(adapter: BadgrAdapter, template: str) -> None:
    outcomes = adapter.issue([award("nobodys-badge-class"), award("nobodys-badge-class"), award(template)])
    assert [getattr(each, "code", "issued") for each in outcomes] == [INVALID_TEMPLATE, INVALID_TEMPLATE, "issued"]
    assert adapter.find(award("nobodys-badge-class")) is None


def test_an_end_is_kept(adapter: BadgrAdapter, template: str) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)
    (badge,) = adapter.issue([award(template, expires_at=end)])
    assert isinstance(badge, IssuedBadge)
    assert badge.expires_at == end


def test_a_revoked_badge_is_not_found_and_can_be_earned_again(adapter: BadgrAdapter, template: str) -> None:
    one = award(template)
    (badge,) = adapter.issue([one])
    assert isinstance(badge, IssuedBadge)
    for _ in range(2):
        revoked = adapter.revoke(badge.id, "issued in error")
        assert (revoked.id, revoked.state) == (badge.id, "revoked")
    assert adapter.find(one) is None
    (again,) = adapter.issue([one])
    assert isinstance(again, IssuedBadge)
    assert again.id != badge.id


@pytest.mark.parametrize(
    ("badge_id", "reason", "code"), [("nobodys-badge", "x", "not_found"), ("b", " ", "missing_reason")]
)
def test_an_impossible_revocation_is_refused(adapter: BadgrAdapter, badge_id: str, reason: str, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        adapter.revoke(badge_id, reason)
    assert caught.value.code == code


def test_every_badge_is_listed_once_in_its_state(adapter: BadgrAdapter, template: str) -> None:
    awards = [award(template) for _ in range(3)]
    badges = [each for each in adapter.issue(awards) if isinstance(each, IssuedBadge)]
    adapter.revoke(badges[0].id, "issued in error")
    for listed in (list(adapter.badges()), list(adapter.badges(template))):
        states = {each.id: each.state for each in listed}
        assert len(states) == len(listed)
        assert states[badges[0].id] == "revoked"
        assert {each.email for each in listed if each.id == badges[1].id} == {awards[1].recipient.email}


def test_a_badge_of_an_earlier_period_is_not_this_one(adapter: BadgrAdapter, template: str) -> None:
    later = award(template, period="2")
    earlier = replace(later, issued_at=later.issued_at - timedelta(days=400), period="1")
    (first,) = adapter.issue([earlier])
    assert adapter.find(later) is None
    (second,) = adapter.issue([later])
    assert isinstance(first, IssuedBadge)
    assert isinstance(second, IssuedBadge)
    assert (second.existed, second.id != first.id) == (False, True)
    assert adapter.find(later).id == second.id  # type: ignore[union-attr]


@pytest.mark.skipif(not LIVE, reason="BADGR_BASE_URL is not set; over the sandbox: test_contract.py")
class TestServer(AdapterContract):
    @pytest.fixture
    def provider(self, settings: dict[str, str]) -> Iterator[Provider]:
        """Only what asks, and the life of one badge."""
        learner = f"learner-{secrets.token_hex(6)}@learners.example.org"
        provider = Provider(BadgrAdapter, settings, made_up=False, email=learner)
        yield provider
        provider.close()
