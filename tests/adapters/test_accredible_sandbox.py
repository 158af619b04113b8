"""Uncertain points and failures of Accredible: the adapter and the sandbox over real HTTP."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from badgerelay.adapters import AmbiguousError, Award, ConfigurationError, IssuedBadge, TemporaryError
from badgerelay.adapters.accredible.adapter import AccredibleAdapter

from .sandboxes import calls, counts, words

Join = Callable[..., AccredibleAdapter]
Serving = Callable[..., str]
MakeAward = Callable[..., Award]

WAYS: list[dict[str, str]] = [
    {},
    {"own_ids": "ignored"},
    {"own_ids": "free", "search": "off"},
    {"own_id_shown": "on"},
    {"errors_key": "error", "detail_key": "reason"},
    {"attributes_key": "custom_attributes", "bulk_ok": "credentials"},
    {"error_shape": "errors"},
    {"error_shape": "error"},
    {"error_shape": "data"},
    {"error_shape": "message"},
    {"unknown_group": "422"},
    {"credits": "3"},
    {"sandbox_mode": "on"},
    {"page_size": "2"},
]


@pytest.mark.parametrize("knobs", WAYS)
def test_nothing_is_issued_twice_whichever_way_accredible_behaves(
    join: Join, serving: Serving, make_award: MakeAward, knobs: dict[str, str]
) -> None:
    url = serving(AccredibleAdapter, **knobs)
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    template, other = [each.id for each in adapter.templates()][:2]
    awards = [make_award(number, template=template) for number in range(5)] + [make_award(9, template=other)]
    assert words(adapter.issue(awards[:2])) == ["issued"] * 2
    assert words(adapter.issue(awards)) == ["existed"] * 2 + ["issued"] * 4
    assert words(adapter.issue(awards[:1])) == ["existed"]
    assert all(adapter.find(each) is not None for each in awards)
    assert (counts(url)["total"], counts(url)["duplicates"]) == (6, 0)
    assert len(list(adapter.badges())) == 6
    assert len(list(adapter.badges(template))) == 5


@pytest.mark.parametrize("knobs", WAYS)
@pytest.mark.parametrize("change_answer", ["credential", "empty"])
def test_a_revocation_is_seen_whichever_way_accredible_behaves(
    join: Join, serving: Serving, make_award: MakeAward, knobs: dict[str, str], change_answer: str
) -> None:
    url = serving(AccredibleAdapter, **knobs, change_answer=change_answer)
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    one = make_award(1, template=next(adapter.templates()).id)
    (badge,) = adapter.issue([one])
    assert isinstance(badge, IssuedBadge)
    for _ in range(2):
        assert adapter.revoke(badge.id, "issued in error").state == "revoked"
    assert adapter.find(one) is None
    assert words(adapter.issue([one])) == ["already_issued"]
    assert counts(url)["total"] == 1


def test_an_account_without_meta_data_of_changes_shows_revoked_as_expired(
    join: Join, serving: Serving, make_award: MakeAward
) -> None:
    url = serving(AccredibleAdapter, keeps_meta_data="off")
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    (badge,) = adapter.issue([make_award(1, template=next(adapter.templates()).id)])
    assert isinstance(badge, IssuedBadge)
    assert adapter.revoke(badge.id, "issued in error").state == "revoked"
    assert [each.state for each in adapter.badges()] == ["expired"]


def test_a_batch_is_one_call(join: Join, serving: Serving, make_award: MakeAward) -> None:
    url = serving(AccredibleAdapter)
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    awards = [make_award(number, template="55021") for number in range(adapter.capabilities.max_batch)]
    assert words(adapter.issue(awards)) == ["issued"] * 30
    assert calls(url) == {"POST v2/credentials/bulk_create": 1}


def test_an_answer_without_results_leaves_doubt_that_a_look_ends(
    join: Join, serving: Serving, make_award: MakeAward
) -> None:
    adapter = join(
        AccredibleAdapter, **AccredibleAdapter.sandbox_settings(serving(AccredibleAdapter, bulk_ok="empty"))
    )
    awards = [make_award(number, template="55021") for number in range(3)]
    assert words(adapter.issue(awards)) == ["AmbiguousError"] * 3
    assert all(adapter.find(each) is not None for each in awards)


@pytest.mark.parametrize("fault", ["lost", "500after", "500", "down"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_lost_answer_leaves_doubt_that_a_look_ends(
    join: Join, serving: Serving, make_award: MakeAward, fault: str, batch: int
) -> None:
    url = serving(AccredibleAdapter)
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    awards = [make_award(number, template="55021") for number in range(batch)]
    requests.put(f"{url}/_sandbox/faults", data=f"{fault}=#1")
    try:
        outcomes: list[Any] = list(adapter.issue(awards))
    except (TemporaryError, AmbiguousError) as error:
        outcomes = [error]
    assert all(isinstance(each, AmbiguousError) or each.may_have_acted for each in outcomes)
    there = [adapter.find(each) is not None for each in awards]
    assert there == [fault in ("lost", "500after")] * batch
    assert set(words(adapter.issue(awards))) == {"existed" if there[0] else "issued"}
    assert (counts(url)["total"], counts(url)["duplicates"]) == (batch, 0)


@pytest.mark.parametrize("retry_after", ["off", "on"])
def test_over_the_limit_there_is_one_429_and_then_rest(join: Join, serving: Serving, retry_after: str) -> None:
    url = serving(AccredibleAdapter, limit="3", window="30", retry_after=retry_after)
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    errors: list[TemporaryError] = []
    for _ in range(12):
        try:
            adapter.check()
        except TemporaryError as error:
            errors.append(error)
    assert len(errors) >= 6
    assert all(0 <= (error.retry_after or 0) <= 30 for error in errors)
    assert calls(url)["GET v1/issuer/details"] - (12 - len(errors)) == 1


def test_a_group_that_allows_duplicates_gives_a_renewal(join: Join, serving: Serving, make_award: MakeAward) -> None:
    now = datetime.now(UTC)
    for allowed in ("on", "off"):
        url = serving(AccredibleAdapter, allow_duplicates=allowed)
        adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
        later = replace(make_award(1, template="55021"), issued_at=now, period="2")
        earlier = replace(later, issued_at=now - timedelta(days=400), period="1")
        assert [each.allows_duplicates for each in adapter.templates()] == [allowed == "on"] * 6
        assert words(adapter.issue([earlier])) == ["issued"]
        assert adapter.find(later) is None
        assert words(adapter.issue([later])) == ["issued" if allowed == "on" else "already_issued"]


@pytest.mark.parametrize("unauthorized", ["text", "data"])
def test_a_wrong_key_is_named(join: Join, serving: Serving, unauthorized: str) -> None:
    url = serving(AccredibleAdapter, unauthorized=unauthorized)
    with pytest.raises(ConfigurationError) as caught:
        join(AccredibleAdapter, api_key="wrong-secret", base_url=url).check()
    assert caught.value.setting == "api_key"
    assert "wrong-secret" not in str(caught.value)


def test_an_incomplete_list_of_groups_raises(join: Join, serving: Serving) -> None:
    url = serving(AccredibleAdapter, list_loses="1", page_size="4")
    with pytest.raises(TemporaryError):
        list(join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url)).templates())


def test_a_deleted_group_is_invalid_and_comes_back(join: Join, serving: Serving, make_award: MakeAward) -> None:
    url = serving(AccredibleAdapter)
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    awards = [make_award(number, template="55021") for number in range(2)]
    requests.post(f"{url}/_sandbox/templates/55021/delete").raise_for_status()
    assert words(adapter.issue(awards)) == ["invalid_template"] * 2
    assert words(adapter.issue(awards[:1])) == ["invalid_template"]
    assert "55021" not in [each.id for each in adapter.templates()]
    requests.post(f"{url}/_sandbox/templates/55021/restore").raise_for_status()
    assert words(adapter.issue(awards)) == ["issued"] * 2


def test_a_credential_created_without_credits_has_a_url_once_published(
    join: Join, serving: Serving, make_award: MakeAward
) -> None:
    url = serving(AccredibleAdapter, credits="0")
    adapter = join(AccredibleAdapter, **AccredibleAdapter.sandbox_settings(url))
    one = make_award(1, template="55021")
    (badge,) = adapter.issue([one])
    assert isinstance(badge, IssuedBadge)
    before = adapter.find(one)
    assert before is not None
    assert badge.url is before.url is None
    requests.post(f"{url}/_sandbox/badges/{badge.id}/publish").raise_for_status()
    found = adapter.find(one)
    assert found is not None
    assert found.url is not None


@pytest.mark.parametrize(
    ("knobs", "named"),
    [({"page_size": "0"}, "page_size"), ({"own_ids": "maybe"}, "own_ids"), ({"nothing": "1"}, "nothing")],
)
def test_a_wrong_knob_is_named(knobs: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        AccredibleAdapter.sandbox(knobs)
