import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters import INVALID_TEMPLATE, Award, RejectedError
from badgerelay.adapters.accredible.payloads import (
    OUR_REVOCATION,
    address_of,
    belongs_to,
    earner_of,
    group_id,
    issue_item,
    own_id,
    parse_badge,
    parse_template,
)
from badgerelay.adapters.accredible.responses import read_answer, refusal_of
from badgerelay.adapters.errors import AdapterError
from badgerelay.adapters.http.json_values import MalformedError
from badgerelay.adapters.http.transport import Reply

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC).timestamp()
KEYS = (
    *("id", "group", "group_id", "recipient", "recipient_email", "email", "license_id", "meta_data", "approve"),
    *("expired_on", "issued_on", "url", "name", "errors", "error", "data", "message", "details", "property", "code"),
    *("results", "credential", "badgerelay_id"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=15,
)


@pytest.fixture
def award(make_award: Callable[..., Award]) -> Award:
    return make_award(template="55021")


def test_an_award_becomes_accredibles_fields(award: Award) -> None:
    assert issue_item(award) == {
        "id": own_id(award),
        "recipient": {"name": "Ines Moreau", "email": "learner4711@learners.example.org", "id": "alm:70412:4711"},
        "group_id": 55021,
        "issued_on": "2026-03-02",
        "approve": True,
        "meta_data": {"badgerelay_id": own_id(award)},
    }
    assert issue_item(replace(award, expires_at=datetime(2028, 3, 2, tzinfo=UTC)))["expired_on"] == "2028-03-02"


def test_our_id_is_stable_and_contains_no_personal_data(award: Award) -> None:
    ours = own_id(award)
    moved = replace(award, id="other", recipient=replace(award.recipient, email="new@example.org"))
    assert own_id(moved) == ours
    others = [
        replace(award, template_id="55022"),
        replace(award, period="2026"),
        replace(award, recipient=replace(award.recipient, earner_id="alm:70412:4712")),
    ]
    assert len({ours, *map(own_id, others)}) == 4
    assert "4711" not in ours


@pytest.mark.parametrize(
    ("person", "template", "code"),
    [
        ({"email": " "}, "55021", "missing_email"),
        ({"first_name": "", "last_name": " "}, "55021", "missing_name"),
        ({}, "55021a", INVALID_TEMPLATE),
        ({}, "²", INVALID_TEMPLATE),
        ({}, "", INVALID_TEMPLATE),
        ({}, "9" * 19, INVALID_TEMPLATE),
    ],
)
def test_an_award_that_accredible_would_refuse_is_not_sent(
    award: Award, person: dict[str, str], template: str, code: str
) -> None:
    with pytest.raises(RejectedError) as caught:
        issue_item(replace(award, template_id=template, recipient=replace(award.recipient, **person)))
    assert caught.value.code == code


def test_one_name_is_enough(award: Award) -> None:
    assert (
        issue_item(replace(award, recipient=replace(award.recipient, first_name="")))["recipient"]["name"] == "Moreau"
    )


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"approve": True}, "pending"),
        ({}, "pending"),
        ({"approve": False}, "pending"),
        ({"expired_on": "2026-04-01"}, "expired"),
        ({"expired_on": "2026-04-02"}, "pending"),
        ({"expired_on": "2026-04-01", "meta_data": {OUR_REVOCATION: "x"}}, "revoked"),
        ({"expired_on": "nonsense", "meta_data": []}, "pending"),
    ],
)
def test_a_credentials_state(data: dict[str, Any], state: str) -> None:
    assert parse_badge({"id": 1, **data}, NOW).state == state


def test_the_id_is_a_text_or_a_number() -> None:
    assert parse_badge({"id": "90210077"}, NOW).id == parse_badge({"id": 90210077}, NOW).id == "90210077"
    wrong: tuple[Any, ...] = (True, 1.5, [], None, "")
    for bad in wrong:
        with pytest.raises(MalformedError):
            parse_badge({"id": bad}, NOW)


def test_every_calls_shape_is_known(award: Award) -> None:
    email = award.recipient.email
    read = {"id": "1", "group_id": 55021, "recipient": {"email": email.upper(), "id": "alm:70412:4711"}}
    found = {"id": 1, "group": {"id": 55021}, "recipient_email": email, "recipient_id": "alm:70412:4711"}
    batch = {"id": 1, "group_name": "x", "recipient": {"email": email, "id": 232}}
    for data in (read, found, batch):
        assert belongs_to(data, award)
        assert address_of(data) == email
    assert (earner_of(read), earner_of(found), earner_of(batch)) == ("alm:70412:4711", "alm:70412:4711", "232")
    moved = {"id": 1, "group": {"id": 55021}, "recipient_email": "old@example.org"}
    assert not belongs_to(moved, award)
    assert belongs_to({**moved, "license_id": own_id(award)}, award)
    assert belongs_to({**moved, "meta_data": {"badgerelay_id": own_id(award)}}, award)
    assert belongs_to({**moved, "id": own_id(award)}, award)
    assert not belongs_to({**found, "group": {"id": 55022}}, award)
    assert not belongs_to(None, award)


@given(JSON)
def test_any_json_is_a_value_or_malformed(data: Any) -> None:
    for parse in (lambda: parse_badge(data, NOW), lambda: parse_template(data)):
        try:
            assert parse().id
        except MalformedError:
            continue
    assert refusal_of(data, "", "invalid").code


@given(st.text(max_size=25))
def test_any_template_is_a_group_or_invalid(template: str) -> None:
    if template.isascii() and template.isdigit() and len(template) <= 18:
        assert group_id(template) == int(template)
    else:
        with pytest.raises(RejectedError):
            group_id(template)


@given(JSON, st.sampled_from([200, 201, 204, 207, 301, 302, 400, 401, 403, 404, 409, 422, 429, 500, 599]))
def test_any_answer_is_read_or_an_error_of_ours(data: Any, status: int) -> None:
    try:
        answer = read_answer(Reply(status, {}, json.dumps(data).encode()), acts=True, now=0.0)
    except AdapterError:
        return
    assert status < 300 or (status == 422 and "results" in answer)
    assert isinstance(answer, dict)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (
            {"errors": {"recipient.email": ["has already been taken. Your group ..."]}},
            "already_issued",
            "recipient.email",
        ),
        ({"errors": {"id": "has already been taken"}}, "already_issued", "id"),
        ({"errors": {"recipient.email": ["is invalid"]}}, "invalid_recipient", "is invalid"),
        ({"errors": {"group_id": ["not found"]}}, INVALID_TEMPLATE, "not found"),
        ({"errors": "a text"}, "invalid", "a text"),
        ({"errors": ["a", "b"]}, "invalid", "a"),
        ({"error": "a text"}, "invalid", "a text"),
        ({"success": False, "data": "a text"}, "invalid", "a text"),
        ({"code": 400, "message": "m", "status": "invalid_search_query", "errors": {}}, "invalid", "m"),
        (
            {"errors": {"code": "credential_invalid", "message": "m", "details": [{"property": "recipient.name"}]}},
            "invalid_recipient",
            "recipient.name",
        ),
        (
            {
                "error": {
                    "code": "x",
                    "details": [{"property": "recipient.email", "reason": "has already been taken"}],
                }
            },
            "already_issued",
            "taken",
        ),
        ({"errors": {"code": "x", "message": "m", "details": 7}}, "invalid", "m"),
        ({"errors": 7, "error": None}, "invalid", ""),
        (None, "invalid", ""),
    ],
)
def test_every_shape_of_a_refusal_is_read(answer: Any, code: str, said: str) -> None:
    refusal = refusal_of(answer, " (HTTP 422)", "invalid")
    assert refusal.code == code
    assert said in str(refusal)
