from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters import Award, IssuedBadge, Recipient, RejectedError
from badgerelay.adapters.credly.payloads import (
    LOCALES,
    belongs_to,
    credly_locale,
    issue_item,
    parse_badge,
    parse_page,
    parse_template,
    replace_item,
)
from badgerelay.adapters.http.json_values import MalformedError

NOW = datetime(2026, 4, 1, tzinfo=UTC).timestamp()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "state", "badge_template", "expires_at", "issued_at", "accept_badge_url"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def test_an_award_becomes_credlys_fields(make_award: Callable[..., Award]) -> None:
    assert issue_item(make_award()) == {
        "recipient_email": "learner4711@learners.example.org",
        "badge_template_id": "7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10",
        "issued_at": "2026-03-02 13:05:00 +0000",
        "issued_to_first_name": "Ines",
        "issued_to_last_name": "Moreau",
        "issuer_earner_id": "alm:70412:4711",
        "locale": "fr",
        "duplicate_behavior": "deny",
    }


def test_dates_are_sent_in_utc(make_award: Callable[..., Award]) -> None:
    paris = timezone(timedelta(hours=1))
    award = replace(
        make_award(),
        issued_at=datetime(2026, 3, 2, 0, 30, tzinfo=paris),
        expires_at=datetime(2028, 1, 1, tzinfo=paris),
    )
    item = issue_item(award)
    assert (item["issued_at"], item["expires_at"]) == ("2026-03-01 23:30:00 +0000", "2027-12-31 23:00:00 +0000")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [({"first_name": " "}, "missing_name"), ({"last_name": ""}, "missing_name"), ({"email": " "}, "missing_email")],
)
def test_values_that_credly_requires_are_checked_before_any_call(
    make_award: Callable[..., Award], recipient: dict[str, str], code: str
) -> None:
    with pytest.raises(RejectedError) as caught:
        issue_item(make_award(**recipient))
    assert caught.value.code == code


def test_a_replacement_keeps_its_recipient(make_award: Callable[..., Award]) -> None:
    assert not {"recipient_email", "locale", "duplicate_behavior"} & set(replace_item(make_award()))


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("fr-FR", "fr"),
        ("fr_CA", "fr-CA"),
        ("FR-ca", "fr-CA"),
        ("pt-PT", "pt"),
        ("pt-BR", "pt-BR"),
        ("es", "es-ES"),
        ("es-MX", "es-US"),
        ("es-419", "es-US"),
        ("zh-Hans-CN", "zh-CN"),
        ("zh-Hans-HK", "zh-CN"),
        ("zh-TW", None),
        ("en-GB", "en"),
        ("de-AT", "de"),
        ("nl-NL", None),
        ("", None),
        (None, None),
    ],
)
def test_a_locale_is_the_nearest_that_credly_speaks(tag: str | None, locale: str | None) -> None:
    assert credly_locale(tag) == locale


@given(st.text(max_size=20))
def test_no_text_makes_a_locale_that_credly_does_not_know(tag: str) -> None:
    assert credly_locale(tag) in (None, *LOCALES)


def test_a_pending_badge_is_seen_where_it_is_accepted(payload: Callable[[str], Any]) -> None:
    assert parse_badge(payload("badge_pending")["data"], NOW) == IssuedBadge(
        id="2f6f7f5e-9d39-4c41-8a51-3a4b5c6d7e01",
        template_id="7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10",
        state="pending",
        url="https://www.credly.com/badges/2f6f7f5e-9d39-4c41-8a51-3a4b5c6d7e01/accept",
        issued_at=datetime(2026, 3, 2, 13, 5, tzinfo=UTC),
    )


def test_an_accepted_badge_is_seen_on_its_page(payload: Callable[[str], Any]) -> None:
    badge = parse_badge(payload("badge_accepted")["data"], NOW)
    assert (badge.state, badge.url) == (
        "accepted",
        "https://www.credly.com/badges/2f6f7f5e-9d39-4c41-8a51-3a4b5c6d7e01",
    )


def test_a_revoked_badge_has_no_address(payload: Callable[[str], Any]) -> None:
    badge = parse_badge(payload("badge_revoked")["data"], NOW)
    assert (badge.state, badge.url) == ("revoked", None)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"state": "rejected"}, "declined"),
        ({"replacement_badge_id": "x"}, "replaced"),
        ({"expires_at": "2026-03-31T00:00:00.000Z"}, "expired"),
        ({"expires_at": "2026-05-01T00:00:00.000Z"}, "pending"),
        ({"state": "revoked", "expires_at": "2026-03-31T00:00:00.000Z"}, "revoked"),
        ({"state": "something_new"}, "pending"),
    ],
)
def test_fields_add_to_credlys_state(payload: Callable[[str], Any], fields: dict[str, str], state: str) -> None:
    assert parse_badge(payload("badge_pending")["data"] | fields, NOW).state == state


def test_a_badge_needs_only_id_and_state() -> None:
    assert parse_badge({"id": "b", "state": "accepted"}, NOW) == IssuedBadge("b", "", "accepted")


def test_a_link_that_is_not_a_web_address_is_left_out() -> None:
    assert parse_badge({"id": "b", "state": "pending", "accept_badge_url": "javascript:alert(1)"}, NOW).url is None


@given(JSON)
def test_any_json_is_a_badge_and_a_template_or_malformed(data: Any) -> None:
    for parse in (lambda: parse_badge(data, NOW), lambda: parse_template(data), lambda: parse_page(data, {}, 1)):
        try:
            parse()
        except MalformedError:
            continue


@given(JSON)
def test_no_json_belongs_to_an_award_by_accident(data: Any) -> None:
    award = Award("a", "t", Recipient("", "", "", ""), datetime.now(UTC))
    assert not belongs_to(data, award)


@pytest.mark.parametrize(
    ("fields", "belongs"),
    [
        ({"issuer_earner_id": "alm:70412:4711", "recipient_email": "other@learners.example.org"}, True),
        ({"issuer_earner_id": None, "recipient_email": "Learner4711@Learners.example.org"}, True),
        ({"issuer_earner_id": "alm:70412:1", "recipient_email": "other@learners.example.org"}, False),
        ({"issuer_earner_id": "alm:70412:4711", "badge_template": {"id": "other"}}, False),
        ({"issuer_earner_id": "alm:70412:4711", "badge_template": None}, False),
    ],
)
def test_a_badge_belongs_to_an_award_by_template_and_earner_or_address(
    payload: Callable[[str], Any], make_award: Callable[..., Award], fields: dict[str, Any], belongs: bool
) -> None:
    assert belongs_to(payload("badge_pending")["data"] | fields, make_award()) is belongs


def test_a_template_is_read(payload: Callable[[str], Any]) -> None:
    template = parse_template(payload("templates_page")["data"][0])
    assert (template.name, template.state, template.allows_duplicates) == ("Safe Lab Practice", "active", False)


def test_a_draft_without_image_and_with_skills_as_objects_is_read() -> None:
    draft = {"id": "t", "name": "n", "state": "draft", "image": None, "image_url": None, "skills": [{"name": "s"}]}
    assert parse_template(draft).image_url is None


@pytest.mark.parametrize(
    ("metadata", "number"),
    [
        ({"next_page_url": "https://api.credly.com/api/v1/organizations/o/badges?page=2"}, 2),
        ({"next_page_url": "https://elsewhere.example.org/?sort=name&page=2"}, 2),
        ({"next_page_url": "https://api.credly.com/v1/x?cursor=abc"}, 2),
        ({"next_page_url": "https://api.credly.com/v1/x?page=two"}, 2),
        ({"next_page_url": "https://[::1"}, 2),
        ({"next_page_url": None}, None),
        ({"next_page_url": 7}, None),
        ({}, None),
    ],
)
def test_only_the_number_of_the_next_page_is_used(metadata: dict[str, Any], number: int | None) -> None:
    assert parse_page([], metadata, 1).following == number
