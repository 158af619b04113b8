import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters import Award, RejectedError
from badgerelay.adapters.badgr.payloads import address_of, belongs_to, end_of, issue_item, parse_badge, parse_template
from badgerelay.adapters.badgr.responses import read_answer
from badgerelay.adapters.errors import AdapterError
from badgerelay.adapters.http.json_values import MalformedError, web_address
from badgerelay.adapters.http.transport import Reply

NOW = datetime(2026, 4, 1, tzinfo=UTC)
KEYS = (
    *("entityId", "badgeclass", "recipient", "identity", "plaintextIdentity", "salt", "type", "hashed", "issuedOn"),
    *("expires", "revoked", "acceptance", "openBadgeId", "name", "amount", "duration", "result", "status"),
    *("fieldErrors", "validationErrors", "non_field_errors", "description"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("sha256$00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=15,
)
MOMENTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def test_an_award_becomes_badgrs_fields(make_award: Callable[..., Award]) -> None:
    award = make_award(email=" Ines.Moreau@Learners.example.org ")
    assert issue_item(award, NOW.timestamp(), None) == {
        "recipient": {"identity": "ines.moreau@learners.example.org", "type": "email", "hashed": True},
        "issuedOn": "2026-03-02T13:05:00Z",
        "allowDuplicateAwards": False,
    }


def test_an_awards_own_end_comes_before_the_badge_classs(make_award: Callable[..., Award]) -> None:
    award = replace(make_award(), expires_at=NOW)
    assert issue_item(award, NOW.timestamp(), NOW + timedelta(days=9))["expires"] == "2026-04-01T00:00:00Z"
    assert issue_item(make_award(), NOW.timestamp(), NOW)["expires"] == "2026-04-01T00:00:00Z"


@pytest.mark.parametrize(("ahead", "issued_on"), [(299, "2026-04-01T00:00:00Z"), (301, "2026-04-01T00:05:01Z")])
def test_a_completion_just_ahead_of_our_clock_is_dated_now(
    make_award: Callable[..., Award], ahead: int, issued_on: str
) -> None:
    award = replace(make_award(), issued_at=NOW + timedelta(seconds=ahead))
    assert issue_item(award, NOW.timestamp(), None)["issuedOn"] == issued_on


def test_without_an_address_there_is_no_badge(make_award: Callable[..., Award]) -> None:
    with pytest.raises(RejectedError) as caught:
        issue_item(make_award(email=" "), NOW.timestamp(), None)
    assert caught.value.code == "missing_email"


@pytest.mark.parametrize(
    ("amount", "duration", "end"),
    [
        (10, "days", datetime(2024, 2, 10, 12, tzinfo=UTC)),
        (2, "weeks", datetime(2024, 2, 14, 12, tzinfo=UTC)),
        (1, "months", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        (13, "months", datetime(2025, 2, 28, 12, tzinfo=UTC)),
        (2, "years", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (10_000, "years", None),
        (10**12, "days", None),
        (0, "days", None),
        (True, "days", None),
        ("2", "years", None),
        (2, "fortnights", None),
    ],
)
def test_a_badge_class_says_when_its_badges_end(amount: object, duration: str, end: datetime | None) -> None:
    assert end_of(datetime(2024, 1, 31, 12, tzinfo=UTC), {"amount": amount, "duration": duration}) == end


@given(MOMENTS, st.integers(1, 500), st.sampled_from(["days", "weeks", "months", "years"]))
def test_the_end_is_later_and_longer_is_never_earlier(issued_at: datetime, amount: int, duration: str) -> None:
    end = end_of(issued_at, {"amount": amount, "duration": duration})
    longer = end_of(issued_at, {"amount": amount + 1, "duration": duration})
    assert end is not None
    assert longer is not None
    assert issued_at < end < longer


def test_a_recipient_is_known_in_clear_and_hashed_with_and_without_salt(make_award: Callable[..., Award]) -> None:
    award = make_award(email="ada@example.org")

    def shown(recipient: Any) -> bool:
        return belongs_to({"badgeclass": award.template_id, "recipient": recipient}, award)

    def hashed(text: str) -> str:
        return "sha256$" + hashlib.sha256(text.encode()).hexdigest()

    assert shown({"identity": "Ada@Example.org", "hashed": False})
    assert shown({"identity": "sha256$00", "plaintextIdentity": "ada@example.org", "salt": "s"})
    assert shown({"identity": hashed("ada@example.orgpepper"), "salt": "pepper"})
    assert shown({"identity": hashed("ada@example.org")})
    assert not shown({"identity": hashed("ada@example.orgpepper"), "salt": "salt"})
    assert not shown({"identity": "eve@example.org"})
    assert not shown({"identity": "sha256$00", "plaintextIdentity": "eve@example.org"})
    assert not shown(None)
    assert not belongs_to({"badgeclass": "other", "recipient": {"identity": "ada@example.org"}}, award)


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"acceptance": "Unaccepted"}, "pending"),
        ({"acceptance": "Accepted"}, "accepted"),
        ({"acceptance": "Rejected"}, "declined"),
        ({"acceptance": "Something new"}, "pending"),
        ({"acceptance": "Accepted", "expires": "2026-03-31T00:00:00Z"}, "expired"),
        ({"acceptance": "Accepted", "expires": "2026-03-31T00:00:00Z", "revoked": True}, "revoked"),
        ({"expires": "nonsense"}, "pending"),
    ],
)
def test_a_badges_state(data: dict[str, Any], state: str) -> None:
    assert parse_badge({"entityId": "a", **data}, NOW.timestamp()).state == state


@given(JSON)
def test_any_json_is_a_value_or_malformed(data: Any) -> None:
    for parse in (lambda: parse_badge(data, NOW.timestamp()), lambda: parse_template(data)):
        try:
            assert parse().id
        except MalformedError:
            continue
    assert "sha256$" not in address_of(data)
    end_of(NOW, data)


@given(JSON, st.sampled_from([200, 201, 204, 301, 302, 400, 401, 403, 404, 409, 422, 429, 500, 599]))
def test_any_answer_is_read_or_an_error_of_ours(data: Any, status: int) -> None:
    reply = Reply(status, {"Link": '<http://x/?cursor=abc>; rel="next"'}, json.dumps(data).encode())
    try:
        answer = read_answer(reply, acts=True, now=0.0, credential="password")
    except AdapterError:
        return
    assert status < 300
    assert isinstance(answer.result, list)


@given(st.text(max_size=60) | st.from_regex(r"<[^>]*cursor=[^>]*>; *rel=\"?next\"?", fullmatch=True))
def test_any_link_header_is_a_cursor_or_none(header: str) -> None:
    cursor = read_answer(
        Reply(200, {"Link": header}, b'{"result": []}'), acts=False, now=0.0, credential="password"
    ).cursor
    assert cursor is None or (cursor and "cursor" in header)


@pytest.mark.parametrize(
    ("header", "cursor"),
    [
        ('<https://x.example.org/v2/a?num=1&cursor=bz0x%3D>; rel="next"', "bz0x="),
        ('<https://x.example.org/?cursor=a>; rel="prev", <https://x.example.org/?cursor=b>; rel="next"', "b"),
        ('<https://x.example.org/?page=2>; rel="next"', None),
        ('<https://[/?cursor=a>; rel="next"', None),
        ("", None),
    ],
)
def test_of_the_next_pages_address_only_the_cursor_is_used(header: str, cursor: str | None) -> None:
    reply = Reply(200, {"Link": header}, b'{"result": []}')
    assert read_answer(reply, acts=False, now=0.0, credential="password").cursor == cursor


@pytest.mark.parametrize("url", ["https://example.org/\0", "https://example.org/\ud800", "https://example.org/\n", 7])
def test_an_address_with_a_nul_is_not_used(url: Any) -> None:
    assert web_address(url) is None
