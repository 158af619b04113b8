"""Uncertain points and failures of Badgr: the adapter and the sandbox over real HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from badgerelay.adapters import AmbiguousError, Award, IssuedBadge, TemporaryError
from badgerelay.adapters.badgr.adapter import BadgrAdapter

from .sandboxes import calls, counts, words

Join = Callable[..., BadgrAdapter]
Serving = Callable[..., str]
MakeAward = Callable[..., Award]


WAYS: list[dict[str, str]] = [
    {},
    {"plaintext": "off"},
    {"plaintext": "off", "salted": "off"},
    {"filters": "off"},
    {"hosted_ids": "on", "page_size": "2"},
    {"duplicate_in": "fields"},
    {"batch_names_rows": "off"},
    {"refresh": "off", "fills_expires": "on", "class_expires": "2 years"},
]


@pytest.mark.parametrize(
    ("knobs", "skip_look"),
    [({"guard": "off"}, False), *((way, skip_look) for way in WAYS for skip_look in (False, True))],
)
def test_nothing_is_issued_twice_whichever_way_badgr_behaves(
    join: Join, serving: Serving, make_award: MakeAward, knobs: dict[str, str], skip_look: bool
) -> None:
    url = serving(BadgrAdapter, **knobs)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url), skip_look=skip_look)
    template, other = [each.id for each in adapter.templates()][:2]
    awards = [make_award(number, template=template) for number in range(5)] + [make_award(9, template=other)]
    assert words(adapter.issue(awards[:2])) == ["issued"] * 2
    assert words(adapter.issue(awards)) == ["existed"] * 2 + ["issued"] * 4
    assert words(adapter.issue(awards[:1])) == ["existed"]
    assert all(adapter.find(each) is not None for each in awards)
    assert (counts(url)["total"], counts(url)["duplicates"]) == (6, 0)
    assert len(list(adapter.badges())) == 6
    assert len(list(adapter.badges(template))) == 5


def test_a_batch_is_one_call(join: Join, serving: Serving, make_award: MakeAward) -> None:
    url = serving(BadgrAdapter)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url), skip_look=True)
    template = next(adapter.templates()).id
    awards = [make_award(number, template=template) for number in range(adapter.capabilities.max_batch)]
    assert words(adapter.issue(awards)) == ["issued"] * 50
    made = {name: count for name, count in calls(url).items() if name.startswith("POST badge")}
    assert made == {"POST badgeclasses/:id/issue": 1}


@pytest.mark.parametrize(("fault", "doubt"), [("lost", True), ("500after", True), ("500", True), ("down", True)])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_lost_answer_leaves_doubt_that_a_look_ends(
    join: Join, serving: Serving, make_award: MakeAward, fault: str, doubt: bool, batch: int
) -> None:
    url = serving(BadgrAdapter)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url), skip_look=True)
    template = next(adapter.templates()).id
    adapter.issue([make_award(99, template=template)])  # the badge class is known from now on
    awards = [make_award(number, template=template) for number in range(batch)]
    requests.put(f"{url}/_sandbox/faults", data=f"{fault}=#1")
    try:
        outcomes: list[Any] = list(adapter.issue(awards))
    except (TemporaryError, AmbiguousError) as error:
        outcomes = [error]
    assert all((isinstance(each, AmbiguousError) or each.may_have_acted) is doubt for each in outcomes)
    there = [adapter.find(each) is not None for each in awards]
    assert there == [fault in ("lost", "500after")] * batch
    assert set(words(adapter.issue(awards))) == {"existed" if there[0] else "issued"}
    assert (counts(url)["total"], counts(url)["duplicates"]) == (batch + 1, 0)


def test_a_look_that_fails_sends_nothing(join: Join, serving: Serving, make_award: MakeAward) -> None:
    url = serving(BadgrAdapter)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url))
    template = next(adapter.templates()).id
    requests.put(f"{url}/_sandbox/faults", data="500=#2")
    with pytest.raises(TemporaryError) as caught:
        raise adapter.issue([make_award(1, template=template), make_award(2, template=template)])[0]  # type: ignore[misc]
    assert not caught.value.may_have_acted
    assert counts(url)["total"] == 0


@pytest.mark.parametrize(("retry_after", "least", "most"), [("off", 29.0, 30.0), ("on", 0.0, 30.0)])
def test_over_the_limit_there_is_one_429_and_then_rest(
    join: Join, serving: Serving, make_award: MakeAward, retry_after: str, least: float, most: float
) -> None:
    url = serving(BadgrAdapter, limit="3", window="30", retry_after=retry_after)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url))
    errors: list[TemporaryError] = []
    for _ in range(12):
        try:
            adapter.check()
        except TemporaryError as error:
            errors.append(error)
    assert len(errors) >= 6
    assert all(least <= (error.retry_after or 0) <= most for error in errors)
    refused = calls(url)["GET issuers/:id"] - (12 - len(errors))
    assert refused == 1


def test_the_end_comes_from_the_badge_class(join: Join, serving: Serving, make_award: MakeAward) -> None:
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(serving(BadgrAdapter, class_expires="2 years")))
    template = next(adapter.templates()).id
    (badge,) = adapter.issue([make_award(1, template=template)])
    assert isinstance(badge, IssuedBadge)
    assert badge.expires_at == datetime(2028, 3, 2, 13, 5, tzinfo=UTC)


def test_a_long_expired_badge_can_be_earned_again_and_an_expired_one_of_this_award_cannot(
    join: Join, serving: Serving, make_award: MakeAward
) -> None:
    url = serving(BadgrAdapter)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url))
    now = datetime.now(UTC).replace(microsecond=0)
    one = replace(make_award(1, template=next(adapter.templates()).id), issued_at=now - timedelta(days=3))
    old = replace(one, issued_at=now - timedelta(days=900), expires_at=now - timedelta(days=100))
    assert words(adapter.issue([old])) == ["issued"]
    assert words(adapter.issue([old])) == ["existed"]
    assert adapter.find(one) is None
    assert words(adapter.issue([one])) == ["issued"]


def test_a_deleted_badge_class_is_invalid_and_comes_back(join: Join, serving: Serving, make_award: MakeAward) -> None:
    url = serving(BadgrAdapter)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url))
    template = next(adapter.templates()).id
    requests.post(f"{url}/_sandbox/templates/{template}/delete").raise_for_status()
    assert words(adapter.issue([make_award(1, template=template)])) == ["invalid_template"]
    assert template not in [each.id for each in adapter.templates()]
    requests.post(f"{url}/_sandbox/templates/{template}/restore").raise_for_status()
    assert words(adapter.issue([make_award(1, template=template)])) == ["issued"]


@pytest.mark.parametrize(("verb", "state"), [("accept", "accepted"), ("reject", "declined")])
def test_a_learners_answer_shows(join: Join, serving: Serving, make_award: MakeAward, verb: str, state: str) -> None:
    url = serving(BadgrAdapter)
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(url))
    one = make_award(1, template=next(adapter.templates()).id)
    (badge,) = adapter.issue([one])
    assert isinstance(badge, IssuedBadge)
    assert badge.state == "pending"
    requests.post(f"{url}/_sandbox/badges/{badge.id}/{verb}").raise_for_status()
    found = adapter.find(one)
    assert found is not None
    assert found.state == state


def test_a_revoked_badges_public_page_shrinks(join: Join, serving: Serving, make_award: MakeAward) -> None:
    adapter = join(BadgrAdapter, **BadgrAdapter.sandbox_settings(serving(BadgrAdapter)))
    (badge,) = adapter.issue([make_award(1, template=next(adapter.templates()).id)])
    assert isinstance(badge, IssuedBadge)
    assert badge.url is not None
    adapter.revoke(badge.id, "issued in error")
    page = requests.get(badge.url, headers={"Accept": "application/json"}).json()
    assert (page["revoked"], page["revocationReason"]) == (True, "issued in error")


@pytest.mark.parametrize(
    ("knobs", "named"),
    [({"class_expires": "soon"}, "class_expires"), ({"guard": "maybe"}, "guard"), ({"nothing": "1"}, "nothing")],
)
def test_a_wrong_knob_is_named(knobs: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        BadgrAdapter.sandbox(knobs)
