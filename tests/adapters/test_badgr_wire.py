"""Requests to Badgr and its answers, with a faked socket."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses
from responses.matchers import query_param_matcher, urlencoded_params_matcher

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
from badgerelay.adapters.badgr.adapter import BadgrAdapter
from badgerelay.adapters.http.transport import MAX_ANSWER_BYTES

BASE = "https://api.badges.parchment.com"
ISSUER = "x9wA9fwyT2CfB134DuxP2g"
CLASS = "PQ-I6M2iR4KD22y5YdH5zg"
USER = {"username": "issuer@academy.example.org", "password": "very-secret"}
TOKEN = f"{BASE}/o/token"
ASSERTIONS = f"{BASE}/v2/badgeclasses/{CLASS}/assertions"
BATCH = f"{BASE}/v2/badgeclasses/{CLASS}/issue"
DUPLICATE = "A previous award of this badge already exists for this recipient."

Join = Callable[..., BadgrAdapter]
MakeAward = Callable[..., Award]


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN, json={"access_token": "abc", "expires_in": 86400, "refresh_token": "def"})
        mock.get(f"{BASE}/v2/badgeclasses/{CLASS}", json=good({"entityId": CLASS, "name": "First Aid"}))
        yield mock


@pytest.fixture
def adapter(join: Callable[..., Any]) -> BadgrAdapter:
    joined: BadgrAdapter = join(BadgrAdapter, issuer_id=ISSUER, **USER)
    return joined


@pytest.fixture
def award(make_award: MakeAward) -> MakeAward:
    return lambda number=1: make_award(number, template=CLASS)


def good(*result: Any) -> dict[str, Any]:
    return {"status": {"success": True, "description": "ok"}, "result": list(result)}


def bad(fields: Any = None, validation: Any = None) -> dict[str, Any]:
    status = {"success": False, "description": "bad request"}
    return {"status": status, "result": [], "fieldErrors": fields or {}, "validationErrors": validation or []}


def assertion(award: Award, **more: Any) -> dict[str, Any]:
    recipient = {"identity": award.recipient.email, "type": "email", "hashed": False}
    return {
        "entityType": "Assertion",
        "entityId": f"a-{award.id}",
        "badgeclass": CLASS,
        "recipient": recipient,
        "issuedOn": "2026-03-02T13:05:00Z",
        "openBadgeId": f"{BASE}/public/assertions/a-{award.id}",
        "acceptance": "Unaccepted",
        "revoked": False,
        **more,
    }


def none_there(wire: responses.RequestsMock) -> None:
    wire.get(ASSERTIONS, json=good())


def sent(wire: responses.RequestsMock, url: str) -> list[Any]:
    return [json.loads(call.request.body or b"") for call in wire.calls if (call.request.url or "") == url]


def test_one_badge_is_looked_for_and_posted_as_documented(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward
) -> None:
    one = award()
    asked = query_param_matcher({"recipient": one.recipient.email, "include_expired": "1"})
    wire.get(ASSERTIONS, json=good(), match=[asked])
    wire.post(ASSERTIONS, json=good(assertion(one)), status=201)
    (badge,) = adapter.issue([one])
    assert not isinstance(badge, AdapterError)
    assert (badge.id, badge.existed, badge.url) == ("a-award-1", False, f"{BASE}/public/assertions/a-award-1")
    assert sent(wire, ASSERTIONS) == [
        {
            "recipient": {"identity": one.recipient.email, "type": "email", "hashed": True},
            "issuedOn": "2026-03-02T13:05:00Z",
            "allowDuplicateAwards": False,
            "notify": False,
        }
    ]
    assert wire.calls[-1].request.headers["Authorization"] == "Bearer abc"


def test_several_go_as_one_batch_of_their_badge_class(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward
) -> None:
    none_there(wire)
    awards = [award(number) for number in (1, 2, 3)]
    wire.post(BATCH, json=good(*map(assertion, awards)), status=201)
    assert [getattr(badge, "id", None) for badge in adapter.issue(awards)] == ["a-award-1", "a-award-2", "a-award-3"]
    (body,) = sent(wire, BATCH)
    assert body["create_notification"] is False
    assert [row["allowDuplicateAwards"] for row in body["assertions"]] == [False] * 3


def test_the_password_goes_in_the_body_and_never_in_a_url(
    wire: responses.RequestsMock, adapter: BadgrAdapter
) -> None:
    wire.replace(
        responses.POST,
        TOKEN,
        json={"access_token": "abc", "expires_in": 86400},
        match=[urlencoded_params_matcher({"grant_type": "password", **USER}), query_param_matcher({})],
    )
    wire.get(f"{BASE}/v2/issuers/{ISSUER}", json=good({"entityId": ISSUER, "name": "Academy"}))
    assert adapter.check().name == "Academy"
    assert "very-secret" not in repr(adapter)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, bad({"recipient": {"non_field_errors": ["bad"]}}), "invalid_recipient"),
        (400, bad({"recipient": "bad"}), "invalid_recipient"),
        (400, bad({"issuedOn": ["in the future"]}), "invalid"),
        (400, bad(validation=["no"]), "invalid"),
        (400, bad(validation="no"), "invalid"),
        (400, bad([7, None]), "invalid"),
        (400, {"status": 7, "fieldErrors": True}, "invalid"),
        (409, {}, "http_409"),
        (404, {"status": {"description": "entity not found or insufficient privileges"}}, INVALID_TEMPLATE),
    ],
)
def test_a_refusal_is_a_rejection_with_a_code(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward, status: int, body: Any, code: str
) -> None:
    none_there(wire)
    wire.post(ASSERTIONS, json=body, status=status)
    (outcome,) = adapter.issue([award()])
    assert isinstance(outcome, RejectedError)
    assert outcome.code == code


def test_a_refusal_quotes_neither_addresses_nor_secrets(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward
) -> None:
    none_there(wire)
    wire.post(ASSERTIONS, json=bad({"x": ["learner1@learners.example.org with very-secret, abc, def"]}), status=400)
    (outcome,) = adapter.issue([award()])
    assert str(outcome) == "Badgr refuses it (HTTP 400): x: (e-mail) with (secret), (secret), (secret)"


def test_the_rows_that_a_batch_names_are_taken_out(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward
) -> None:
    none_there(wire)
    awards = [award(number) for number in (1, 2, 3)]
    wire.post(BATCH, json=bad([{}, {"recipient": {"identity": ["bad"]}}, {}]), status=400)
    wire.post(BATCH, json=good(assertion(awards[0]), assertion(awards[2])), status=201)
    outcomes = adapter.issue(awards)
    assert [getattr(each, "code", "issued") for each in outcomes] == ["issued", "invalid_recipient", "issued"]


@pytest.mark.parametrize("fields", [[{}, {}, {}, {"x": "beyond the batch"}], {"x": "no row"}, None])
def test_a_batch_that_names_no_row_goes_one_by_one(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward, fields: Any
) -> None:
    none_there(wire)
    awards = [award(1), award(2)]
    wire.post(BATCH, json=bad(fields), status=400)
    wire.post(ASSERTIONS, json=good(assertion(awards[0])), status=201)
    wire.post(ASSERTIONS, json=bad({"recipient": "bad"}), status=400)
    assert [getattr(each, "code", "issued") for each in adapter.issue(awards)] == ["issued", "invalid_recipient"]


@pytest.mark.parametrize("refusal", [bad(validation=[DUPLICATE]), bad({"non_field_errors": DUPLICATE})])
def test_a_refused_duplicate_is_the_badge_that_is_there(
    wire: responses.RequestsMock, join: Callable[..., Any], award: MakeAward, refusal: Any
) -> None:
    adapter = join(BadgrAdapter, issuer_id=ISSUER, skip_look=True, **USER)
    wire.post(ASSERTIONS, json=refusal, status=400)
    wire.get(ASSERTIONS, json=good(assertion(award())))
    (badge,) = adapter.issue([award()])
    assert (badge.id, badge.existed) == ("a-award-1", True)


@pytest.mark.parametrize(("status", "acted"), [(500, True), (502, True), (503, True), (429, False)])
def test_a_failure_may_have_acted_and_429_has_not(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward, status: int, acted: bool
) -> None:
    none_there(wire)
    wire.post(BATCH, body="<html>", status=status)
    with pytest.raises(TemporaryError) as caught:
        raise adapter.issue([award(1), award(2)])[0]  # type: ignore[misc]
    assert caught.value.may_have_acted is acted
    wire.replace(responses.GET, ASSERTIONS, body="<html>", status=status)
    with pytest.raises(TemporaryError) as asked:
        adapter.find(award())
    assert not asked.value.may_have_acted


def test_after_a_429_nothing_is_sent_until_it_is_over(
    wire: responses.RequestsMock, adapter: BadgrAdapter, storage: Any
) -> None:
    url = f"{BASE}/v2/issuers/{ISSUER}/badgeclasses"
    wire.get(url, status=429)
    with pytest.raises(TemporaryError) as first:
        list(adapter.templates())
    assert first.value.retry_after == 30.0
    for _ in range(3):
        with pytest.raises(OverBudgetError) as later:
            list(adapter.templates())
        assert 0 < (later.value.retry_after or 0) <= 30.0
    assert len([call for call in wire.calls if call.request.url == url]) == 1
    storage.values["badgr.rest"] = "0.0"
    wire.replace(responses.GET, url, json=good())
    assert list(adapter.templates()) == []


def test_no_answer_leaves_it_in_doubt_and_those_after_it_unsent(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward
) -> None:
    none_there(wire)
    wire.post(BATCH, json=bad({"x": "no row"}), status=400)
    wire.post(ASSERTIONS, body=requests.ReadTimeout())
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
    b'{"result": {}}',
    b'{"result": [7]}',
    b'{"result": [{"entityId": 7}]}',
    b'{"result": [{"entityId": "a", "badgeclass": [], "recipient": "x"}]}',
    b"[" * 200_000,
    b'{"result": ' + b"9" * 10_000 + b"}",
    b'{"result": [' + b'{"entityId": "a"},' * 500_000 + b"{}]}",
    b" " * (MAX_ANSWER_BYTES + 1),
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_answer_to_a_post_leaves_it_in_doubt(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward, body: bytes
) -> None:
    none_there(wire)
    wire.post(ASSERTIONS, body=body, status=201)
    wire.post(BATCH, body=body, status=201)
    for awards in ([award(1)], [award(1), award(2)]):
        try:
            outcomes: list[Any] = list(adapter.issue(awards))
        except TemporaryError as error:
            outcomes = [error]
        for outcome in outcomes:
            assert isinstance(outcome, AmbiguousError) or outcome.may_have_acted


HOSTILE_LISTS = [each for each in HOSTILE if not each.startswith(b'{"result": [')]


@pytest.mark.parametrize("body", HOSTILE_LISTS, ids=range(len(HOSTILE_LISTS)))
def test_a_hostile_list_is_a_temporary_error(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward, body: bytes
) -> None:
    wire.get(ASSERTIONS, body=body)
    wire.get(f"{BASE}/v2/issuers/{ISSUER}/badgeclasses", body=body)
    wire.get(f"{BASE}/v2/issuers/{ISSUER}/assertions", body=body)
    for ask in (lambda: adapter.find(award()), lambda: list(adapter.templates()), lambda: list(adapter.badges())):
        with pytest.raises(TemporaryError):
            ask()


def test_pages_that_lead_back_to_themselves_are_no_list(
    wire: responses.RequestsMock, adapter: BadgrAdapter, award: MakeAward
) -> None:
    link = {"Link": '<https://elsewhere.example.org/x?cursor=abc>; rel="next"'}
    wire.get(f"{BASE}/v2/issuers/{ISSUER}/assertions", json=good(assertion(award())), headers=link)
    with pytest.raises(TemporaryError):
        list(adapter.badges())
    assert {(call.request.url or "").split("/")[2] for call in wire.calls} == {"api.badges.parchment.com"}


@pytest.mark.parametrize(
    ("status", "body", "headers", "setting"),
    [
        (404, good(), {}, "issuer_id"),
        (200, good({"entityId": "other", "name": "x"}), {}, "base_url"),
        (200, good(), {}, "base_url"),
        (200, "<html>", {}, "base_url"),
        (301, "", {"Location": "https://x.example.org"}, "base_url"),
        (302, "", {"Location": "https://x.example.org"}, "base_url"),
        (401, bad(), {}, "password"),
    ],
)
def test_check_names_the_setting_that_is_wrong(
    wire: responses.RequestsMock,
    adapter: BadgrAdapter,
    status: int,
    body: Any,
    headers: dict[str, str],
    setting: str,
    storage: Any,
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    wire.get(f"{BASE}/v2/issuers/{ISSUER}", body=text, status=status, headers=headers)
    if status == 401:
        tokens = iter(("abc", "abd"))
        wire.remove(responses.POST, TOKEN)
        wire.add_callback(
            responses.POST, TOKEN, lambda _: (200, {}, json.dumps({"access_token": next(tokens), "expires_in": 60}))
        )
    with pytest.raises(ConfigurationError) as caught:
        adapter.check()
    assert caught.value.setting == setting


@pytest.mark.parametrize(
    ("result", "state"),
    [(good({"entityId": "a", "revoked": True}), "revoked"), (good({"entityId": "a"}), None), (good(), None)],
)
def test_a_revocation_is_believed_when_it_shows(
    wire: responses.RequestsMock, adapter: BadgrAdapter, result: Any, state: str | None
) -> None:
    wire.delete(f"{BASE}/v2/assertions/a", json=result)
    if state is None:
        with pytest.raises(AmbiguousError):
            adapter.revoke("a", "issued in error")
    else:
        assert adapter.revoke("a", "issued in error").state == state
    assert sent(wire, f"{BASE}/v2/assertions/a") == [{"revocation_reason": "issued in error"}]


@pytest.mark.parametrize("badge_id", ["", ".", "..", " "])
def test_no_badge_id_is_another_path(adapter: BadgrAdapter, badge_id: str) -> None:
    with pytest.raises(RejectedError):
        adapter.revoke(badge_id, "x")


def test_share_links_lead_to_the_public_page(adapter: BadgrAdapter) -> None:
    links = {link.target: link.url for link in adapter.share_links("a/b")}
    assert links["badgr"] == f"{BASE}/public/assertions/a%2Fb"
    assert set(links) == {"badgr", "linkedin", "linkedin_post"}
