"""Requests to Accredible and its answers, with a faked socket."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from badgerelay.adapters import (
    INVALID_TEMPLATE,
    AdapterError,
    AmbiguousError,
    Award,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from badgerelay.adapters.accredible.adapter import AccredibleAdapter
from badgerelay.adapters.accredible.payloads import own_id
from badgerelay.adapters.http.transport import MAX_ANSWER_BYTES

BASE = "https://api.accredible.com"
KEY = "very-secret"
CREATE, BATCH = f"{BASE}/v1/credentials", f"{BASE}/v2/credentials/bulk_create"
SEARCH, GROUPS, DETAILS = (
    f"{BASE}/v2/credentials/search",
    f"{BASE}/v1/issuer/groups/search",
    f"{BASE}/v1/issuer/details",
)
GROUP = "55021"

MakeAward = Callable[..., Award]


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def adapter(join: Callable[..., Any]) -> AccredibleAdapter:
    joined: AccredibleAdapter = join(AccredibleAdapter, api_key=KEY)
    return joined


@pytest.fixture
def award(make_award: MakeAward) -> MakeAward:
    return lambda number=1: make_award(number, template=GROUP)


def created(award: Award, **more: Any) -> dict[str, Any]:
    return {
        "id": f"90{award.recipient.earner_id.rpartition(':')[2]}",
        "url": "https://www.credential.net/90",
        "approve": True,
        "issued_on": "2026-03-02",
        "expired_on": None,
        "group_id": int(GROUP),
        "recipient": {"email": award.recipient.email},
        **more,
    }


def in_batch(award: Award, **more: Any) -> dict[str, Any]:
    shown = {**created(award), "id": int(created(award)["id"]), **more}
    del shown["group_id"]
    return shown


def listed(wire: responses.RequestsMock, award: Award, *credentials: dict[str, Any]) -> None:
    wire.get(f"{CREATE}/{own_id(award)}", json={"success": False, "data": "not found"}, status=404)
    wire.post(SEARCH, json={"credentials": list(credentials), "meta": {"count": len(credentials)}})


@pytest.mark.parametrize(
    ("settings", "base"),
    [
        ({"region": "us"}, "https://api.accredible.com"),
        ({"region": "eu"}, "https://eu.api.accredible.com"),
        ({"region": "sandbox"}, "https://sandbox.api.accredible.com"),
        ({"base_url": "credentials.example.org/accredible/"}, "https://credentials.example.org/accredible"),
    ],
)
def test_the_key_goes_to_the_region_in_the_documented_header(
    wire: responses.RequestsMock, join: Callable[..., Any], settings: dict[str, str], base: str
) -> None:
    wire.get(f"{base}/v1/issuer/details", json={"issuer": {"id": 4321, "name": "Academy", "certificate_left": 5}})
    account = join(AccredibleAdapter, api_key=KEY, **settings).check()
    assert (account.id, account.name) == ("4321", "Academy")
    assert wire.calls[0].request.headers["Authorization"] == "Token token=very-secret"


def test_one_credential_is_posted_as_documented(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    wire.post(CREATE, json={"credential": created(award())})
    (badge,) = adapter.issue([award()])
    assert not isinstance(badge, AdapterError)
    assert (badge.id, badge.template_id, badge.state, badge.url) == (
        "901",
        GROUP,
        "pending",
        "https://www.credential.net/90",
    )
    body = json.loads(wire.calls[0].request.body or b"")
    assert set(body) == {"credential"}
    assert body["credential"]["group_id"] == 55021


def test_several_go_as_one_batch_and_a_bad_one_is_refused(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    awards = [award(number) for number in (1, 2, 3)]
    details = [{"property": "recipient.email", "reason": "is invalid"}]
    results = [
        {"credential": in_batch(awards[0])},
        {"error": {"code": "credential_invalid", "message": "m", "details": details}},
        {"credential": in_batch(awards[2], custom_attibutes=None)},
    ]
    wire.post(BATCH, json={"results": results}, status=207)
    outcomes = adapter.issue(awards)
    assert [getattr(each, "code", getattr(each, "id", None)) for each in outcomes] == [
        "901",
        "invalid_recipient",
        "903",
    ]


def test_an_unpublished_credential_is_there_and_said(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward, caplog: pytest.LogCaptureFixture
) -> None:
    awards = [award(1), award(2)]
    errors = {"code": "insufficient_credits", "message": "The credential was created but not published."}
    wire.post(BATCH, json={"results": [{"credential": in_batch(a, approve=False), "errors": errors} for a in awards]})
    wire.post(CREATE, json={"credential": created(award(), approve=False)})
    with caplog.at_level(logging.WARNING):
        outcomes = [*adapter.issue(awards), *adapter.issue(awards[:1])]
    assert [(getattr(each, "state", None), getattr(each, "url", "")) for each in outcomes] == [("pending", None)] * 3
    assert caplog.text.count("did not publish it") == 3
    assert "@" not in caplog.text


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", ["HTTP Token: Access denied.\n", '{"success": false, "data": "no"}', "<html>"])
def test_a_refused_key_is_a_wrong_key(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward, status: int, body: str
) -> None:
    wire.post(CREATE, body=body, status=status)
    with pytest.raises(ConfigurationError) as caught:
        adapter.issue([award()])
    assert caught.value.setting == "api_key"
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (422, {"errors": {"recipient.email": ["is invalid"]}}, "invalid_recipient"),
        (422, {"errors": {"group_id": ["is unknown"]}}, INVALID_TEMPLATE),
        (404, {"errors": "Group not found"}, INVALID_TEMPLATE),
        (404, {"success": False, "data": "x"}, INVALID_TEMPLATE),
        (400, {"error": "bad request"}, "invalid"),
        (409, {}, "http_409"),
    ],
)
def test_a_refusal_is_a_rejection_with_a_code(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward, status: int, body: Any, code: str
) -> None:
    wire.post(CREATE, json=body, status=status)
    (outcome,) = adapter.issue([award()])
    assert isinstance(outcome, RejectedError)
    assert outcome.code == code


@pytest.mark.parametrize("batch", [False, True])
def test_a_refusal_quotes_neither_addresses_nor_the_key(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward, batch: bool
) -> None:
    said = f"learner1@learners.example.org with {KEY}"
    wire.post(CREATE, json={"error": said}, status=422)
    wire.post(BATCH, json={"results": [{"errors": {"code": "x", "message": said}}] * 2}, status=422)
    for outcome in adapter.issue([award(1), award(2)] if batch else [award()]):
        assert str(outcome).endswith(": (e-mail) with (secret)")


def test_a_batch_refused_without_rows_goes_one_by_one(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    awards = [award(1), award(2)]
    wire.post(BATCH, json={"errors": "something"}, status=422)
    wire.post(CREATE, json={"credential": created(awards[0])})
    wire.post(CREATE, json={"errors": {"recipient.name": ["no"]}}, status=422)
    assert [getattr(each, "code", "issued") for each in adapter.issue(awards)] == ["issued", "invalid_recipient"]


TAKEN = {"errors": {"recipient.email": ["has already been taken. Your group settings do not allow duplicates"]}}


def test_a_refused_duplicate_is_the_credential_that_is_there(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    one = award()
    wire.post(CREATE, json=TAKEN, status=422)
    listed(wire, one, {"id": 901, "group": {"id": 55021}, "recipient_email": one.recipient.email})
    wire.get(f"{CREATE}/901", json={"credential": created(one)})
    (badge,) = adapter.issue([one])
    assert not isinstance(badge, AdapterError)
    assert (badge.id, badge.existed, badge.url) == ("901", True, "https://www.credential.net/90")


@pytest.mark.parametrize(
    ("found", "kind"), [([], TemporaryError), ([{"meta_data": {"badgerelay_revoked": "x"}}], RejectedError)]
)
def test_a_duplicate_of_which_none_is_live_is_said(
    wire: responses.RequestsMock,
    adapter: AccredibleAdapter,
    award: MakeAward,
    found: list[Any],
    kind: type[Exception],
) -> None:
    one = award()
    wire.post(CREATE, json=TAKEN, status=422)
    listed(wire, one, *({**created(one), **each} for each in found))
    (outcome,) = adapter.issue([one])
    assert isinstance(outcome, kind)


def test_the_look_asks_by_our_id_and_by_group_and_address(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    one = award()
    listed(wire, one)
    assert adapter.find(one) is None
    queries = [json.loads(call.request.body or b"")["query"] for call in wire.calls if call.request.url == SEARCH]
    assert queries == [{"license_id": own_id(one)}, {"group.id": 55021, "recipient_email": one.recipient.email}]


def test_a_refused_search_does_not_mean_that_no_badge_exists(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    one = award()
    listed(wire, one)
    wire.upsert(responses.POST, SEARCH, json={"status": "invalid_search_query", "message": "no"}, status=400)
    with pytest.raises(TemporaryError, match="does not say whether"):
        adapter.find(one)


@pytest.mark.parametrize(("status", "acted"), [(500, True), (502, True), (504, True), (429, False)])
def test_a_failure_may_have_acted_and_429_has_not(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward, status: int, acted: bool
) -> None:
    wire.post(CREATE, body="<html>", status=status)
    with pytest.raises(TemporaryError) as caught:
        adapter.issue([award()])
    assert caught.value.may_have_acted is acted


def test_after_a_429_nothing_is_sent_until_the_slice_is_over(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    wire.post(BATCH, status=429)
    with pytest.raises(TemporaryError) as caught:
        adapter.issue([award(1), award(2)])
    assert caught.value.retry_after == 30.0
    for call in (lambda: adapter.find(award()), adapter.check, lambda: list(adapter.templates())):
        with pytest.raises(OverBudgetError):
            call()
    assert len(wire.calls) == 1


def test_a_question_that_is_posted_leaves_no_doubt(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    wire.get(f"{CREATE}/{own_id(award())}", json={}, status=404)
    for trouble in ({"body": requests.ReadTimeout()}, {"status": 500}):
        wire.upsert(responses.POST, SEARCH, **trouble)
        with pytest.raises(TemporaryError) as caught:
            adapter.find(award())
        assert not caught.value.may_have_acted


def test_no_answer_leaves_it_in_doubt_and_those_after_it_unsent(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward
) -> None:
    wire.post(BATCH, json={"errors": "x"}, status=422)
    wire.post(CREATE, body=requests.ReadTimeout())
    first, second = adapter.issue([award(1), award(2)])
    assert isinstance(first, AmbiguousError)
    assert isinstance(second, TemporaryError)
    assert not second.may_have_acted


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"<html></html>",
    b"\xff\xfe\x00",
    b"{}",
    b'{"credential": [], "results": {}}',
    b'{"credential": {"id": {}}, "results": [7, null]}',
    b'{"credential": {"id": 7}, "results": [{"credential": {"id": 7}}, {}]}',
    b'{"credential": {"id": 7, "group_id": [], "recipient": "x"}, "results": [{"id": 7}, {"id": 7}]}',
    b"[" * 200_000,
    b'{"credential": ' + b"9" * 10_000 + b"}",
    b'{"results": [' + b'{"credential": {"id": 1}},' * 400_000 + b"{}]}",
    b" " * (MAX_ANSWER_BYTES + 1),
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("status", [200, 207])
def test_a_hostile_answer_to_a_post_leaves_it_in_doubt(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward, body: bytes, status: int
) -> None:
    wire.post(CREATE, body=body, status=status)
    wire.post(BATCH, body=body, status=status)
    for awards in ([award(1)], [award(1), award(2)]):
        try:
            outcomes: list[Any] = list(adapter.issue(awards))
        except TemporaryError as error:
            outcomes = [error]
        for outcome in outcomes:
            assert isinstance(outcome, AmbiguousError) or outcome.may_have_acted


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_list_is_a_temporary_error(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, award: MakeAward, body: bytes
) -> None:
    wire.get(f"{CREATE}/{own_id(award())}", json={}, status=404)
    wire.post(SEARCH, body=body)
    wire.post(GROUPS, body=body)
    for ask in (lambda: adapter.find(award()), lambda: list(adapter.templates()), lambda: list(adapter.badges())):
        with pytest.raises(TemporaryError):
            ask()


def test_an_incomplete_list_raises(wire: responses.RequestsMock, adapter: AccredibleAdapter) -> None:
    wire.post(GROUPS, json={"groups": [{"id": 1, "name": "x"}], "meta": {"total_count": 2, "next_page": None}})
    with pytest.raises(TemporaryError):
        list(adapter.templates())


def test_a_cursor_that_leads_back_raises(wire: responses.RequestsMock, adapter: AccredibleAdapter) -> None:
    wire.post(SEARCH, json={"credentials": [{"id": 1, "group": {"id": 2}}], "meta": {"cursor": "x"}})
    with pytest.raises(TemporaryError):
        list(adapter.badges())


@pytest.mark.parametrize(
    ("status", "body", "setting"),
    [
        (200, "{}", "base_url"),
        (200, '{"issuer": {"id": 1}}', "base_url"),
        (200, "<html>", "base_url"),
        (404, '{"error": "x"}', "base_url"),
        (404, "<html>", "base_url"),
        (301, "", "base_url"),
        (401, "HTTP Token: Access denied.", "api_key"),
    ],
)
def test_check_names_the_setting_that_is_wrong(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, status: int, body: str, setting: str
) -> None:
    wire.get(DETAILS, body=body, status=status)
    with pytest.raises(ConfigurationError) as caught:
        adapter.check()
    assert caught.value.setting == setting


def test_an_account_without_credits_is_said(
    wire: responses.RequestsMock, adapter: AccredibleAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    wire.get(DETAILS, json={"issuer": {"id": 1, "name": "x", "certificate_left": 0}})
    with caplog.at_level(logging.WARNING):
        adapter.check()
    assert "no credits left" in caplog.text


def test_a_deletion_whose_answer_was_lost_is_done_when_nothing_is_there_any_more(
    wire: responses.RequestsMock, join: Callable[..., Any]
) -> None:
    adapter = join(AccredibleAdapter, api_key=KEY, revoke_by="delete")
    wire.delete(f"{CREATE}/90", body=requests.ReadTimeout())
    with pytest.raises(AmbiguousError):
        adapter.revoke("90", "x")
    wire.replace(responses.DELETE, f"{CREATE}/90", json={"error": "not found"}, status=404)
    assert adapter.revoke("90", "x").state == "revoked"
    wire.delete(f"{CREATE}/91", json={"error": "not found"}, status=404)
    with pytest.raises(RejectedError) as caught:
        adapter.revoke("91", "x")
    assert caught.value.code == "not_found"


@pytest.mark.parametrize("badge_id", ["", ".", "..", " "])
def test_no_badge_id_is_another_path(adapter: AccredibleAdapter, badge_id: str) -> None:
    with pytest.raises(RejectedError):
        adapter.revoke(badge_id, "x")


def test_the_key_is_in_no_repr(adapter: AccredibleAdapter) -> None:
    assert KEY not in repr(adapter)
