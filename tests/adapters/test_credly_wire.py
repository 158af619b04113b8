"""Requests to Credly and its answers, with a faked socket."""

import base64
import copy
import json
import pickle
import ssl
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from badgerelay.adapters import AdapterError, AmbiguousError, Award, ConfigurationError, RejectedError, TemporaryError
from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.credly.responses import CredlyRefusedError
from badgerelay.adapters.http.redact import MAX_QUOTE, quote
from badgerelay.adapters.http.statuses import NotFoundError, RefusedError
from badgerelay.adapters.http.transport import CONNECT_SECONDS, MAX_ANSWER_BYTES, READ_SECONDS

ORGANIZATION = "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"
BASE = f"https://api.credly.com/v1/organizations/{ORGANIZATION}"
BADGES = f"{BASE}/badges"
TOKEN = "SIMULATOR-TOKEN-0001"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def adapter(connect: Callable[..., CredlyAdapter]) -> CredlyAdapter:
    return connect()


def test_one_badge_is_posted_as_documented(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    answer = payload("badge_pending")
    answer["data"]["issuer_earner_id"] = "alm:70412:4711"
    wire.post(BADGES, json=answer, status=201)
    (badge,) = adapter.issue([make_award()])
    assert not isinstance(badge, AdapterError)
    assert badge.id == answer["data"]["id"]
    assert not badge.existed
    request = wire.calls[0].request
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body or b"")["duplicate_behavior"] == "deny"
    assert request.req_kwargs["timeout"][0] == CONNECT_SECONDS  # type: ignore[attr-defined]


def test_silence_is_waited_for_thirty_seconds() -> None:
    assert (CONNECT_SECONDS, READ_SECONDS) == (3.05, 30.0)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_a_wrong_token(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], status: int
) -> None:
    wire.post(BADGES, json={"data": {"message": f"bad {TOKEN}"}}, status=status)
    with pytest.raises(ConfigurationError) as caught:
        adapter.issue([make_award()])
    assert caught.value.setting == "token"
    assert TOKEN not in str(caught.value)


def test_an_unknown_organization_rejects_no_award(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award]
) -> None:
    wire.post(BADGES, json={"data": {"message": "Not found"}}, status=404)
    wire.post(f"{BADGES}/batch", json={"data": {"message": "Not found"}}, status=404)
    wire.get(BADGES, json={"data": {"message": "Not found"}}, status=404)
    for call in (
        lambda: adapter.issue([make_award()]),
        lambda: adapter.issue([make_award(1), make_award(2)]),
        lambda: adapter.find(make_award()),
    ):
        with pytest.raises(ConfigurationError) as caught:
            call()
        assert caught.value.setting == "organization_id"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "2.5"}, 2.5), ({}, None), ({"Retry-After": formatdate(0, usegmt=True)}, 0.0)],
)
def test_429_is_temporary_and_was_not_carried_out(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    headers: dict[str, str],
    seconds: float | None,
) -> None:
    wire.post(BADGES, body="slow down", status=429, headers=headers)
    with pytest.raises(TemporaryError) as caught:
        adapter.issue([make_award()])
    assert caught.value.retry_after == seconds
    assert not caught.value.may_have_acted


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_of_credly_may_have_acted_when_it_was_a_post(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], status: int
) -> None:
    wire.post(BADGES, body="<html>", status=status)
    wire.get(BADGES, body="<html>", status=status)
    with pytest.raises(TemporaryError) as posted:
        adapter.issue([make_award()])
    with pytest.raises(TemporaryError) as asked:
        adapter.find(make_award())
    assert posted.value.may_have_acted
    assert not asked.value.may_have_acted


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (422, {"data": {"message": "Invalid or missing Badge Template ID: x"}, "metadata": None}, "invalid_template"),
        (
            422,
            {
                "data": {
                    "message": "Validation failed",
                    "errors": [{"attribute": "recipient_email", "messages": "bad"}],
                }
            },
            "invalid_recipient",
        ),
        (422, {"data": {"message": "Validation failed: Issued at can't be blank"}}, "invalid"),
        (400, {"data": {"message": "The body is not JSON"}}, "invalid"),
        (422, {"data": None, "metadata": []}, "invalid"),
        (422, {"data": {"message": 7, "errors": [7, {"messages": [None]}], "error_index": True}}, "invalid"),
        (422, {}, "invalid"),
        (409, {"data": {}}, "http_409"),
    ],
)
def test_a_refusal_is_a_rejection_with_a_code(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    status: int,
    body: Any,
    code: str,
) -> None:
    wire.post(BADGES, json=body, status=status)
    (outcome,) = adapter.issue([make_award()])
    assert isinstance(outcome, RejectedError)
    assert outcome.code == code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"<html></html>",
        b"\xff\xfe\x00",
        b"{}",
        b'{"data": []}',
        b'{"data": {}}',
        b'{"data": {"id": 7, "state": []}}',
        b'{"data": {"id": "b", "badge_template": 7}}',
        b'{"data": {"id": "b", "state": "pending", "badge_template": {"id": "other"}}}',
        b"[" * 200_000,
        b'{"data": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_hostile_answer_to_a_post_leaves_it_in_doubt(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], body: bytes
) -> None:
    wire.post(BADGES, body=body, status=201)
    wire.post(f"{BADGES}/batch", body=body, status=201)
    for awards in ([make_award(1)], [make_award(1), make_award(2)]):
        try:
            outcomes: list[Any] = list(adapter.issue(awards))
        except TemporaryError as error:
            outcomes = [error]
        for outcome in outcomes:
            assert isinstance(outcome, AmbiguousError) or (
                isinstance(outcome, TemporaryError) and outcome.may_have_acted
            )


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"data": {}}', b'{"data": 7}', b'{"data": null, "metadata": 3}', b"{", b'"x"']
)
def test_a_hostile_list_is_a_temporary_error(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], body: bytes
) -> None:
    wire.get(BADGES, body=body)
    wire.get(f"{BASE}/badge_templates", body=body)
    with pytest.raises(TemporaryError):
        adapter.find(make_award())
    with pytest.raises(TemporaryError):
        list(adapter.templates())


def test_a_list_with_odd_items_still_gives_the_good_ones(
    wire: responses.RequestsMock, adapter: CredlyAdapter
) -> None:
    good = {"id": "t", "name": "n", "state": "active"}
    wire.get(f"{BASE}/badge_templates", json={"data": [None, 7, [], {"id": 7}, {"id": "x"}, good, good]})
    assert [template.id for template in adapter.templates()] == ["t"]


def test_an_answer_beyond_measure_is_not_read_to_its_end(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award]
) -> None:
    wire.post(BADGES, body=b" " * (MAX_ANSWER_BYTES + 1), status=201)
    with pytest.raises(TemporaryError, match="larger") as caught:
        adapter.issue([make_award()])
    assert caught.value.may_have_acted


def test_ten_megabytes_of_badge_are_read(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award]
) -> None:
    wire.post(BADGES, json={"data": {"id": "b", "state": "x" * 10_000_000}}, status=201)
    (outcome,) = [*adapter.issue([make_award(1)])]
    assert isinstance(outcome, AmbiguousError)


@pytest.mark.parametrize(
    ("status", "kind"), [(301, ConfigurationError), (308, ConfigurationError), (302, TemporaryError)]
)
def test_redirects_are_not_followed(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    status: int,
    kind: type[AdapterError],
) -> None:
    wire.post(BADGES, status=status, headers={"Location": "https://elsewhere.example.org/"})
    with pytest.raises(kind) as caught:
        adapter.issue([make_award()])
    assert getattr(caught.value, "setting", None) == "host"
    assert len(wire.calls) == 1


def refused() -> requests.ConnectionError:
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]  # the pool does not matter
    return requests.ConnectionError(MaxRetryError(None, "/v1?secret=query", reason))  # type: ignore[arg-type]


def bad_certificate() -> requests.exceptions.SSLError:
    return requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed"))


@pytest.mark.parametrize("error", [refused(), requests.ConnectTimeout("/v1?secret=query"), bad_certificate()])
def test_a_host_that_was_never_reached_has_done_nothing(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], error: Exception
) -> None:
    wire.post(BADGES, body=error)
    with pytest.raises(TemporaryError) as caught:
        adapter.issue([make_award()])
    assert not caught.value.may_have_acted
    assert "secret=query" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("/v1?secret=query"),
        requests.ConnectionError("reset", "/v1?secret=query"),
        requests.exceptions.ChunkedEncodingError("/v1?secret=query"),
        requests.exceptions.SSLError("EOF"),
    ],
)
def test_an_answer_that_never_came_is_ambiguous_for_a_post_alone(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], error: Exception
) -> None:
    wire.post(BADGES, body=error)
    wire.get(BADGES, body=error)
    with pytest.raises(AmbiguousError) as posted:
        adapter.issue([make_award()])
    with pytest.raises(TemporaryError) as asked:
        adapter.find(make_award())
    assert "secret=query" not in f"{posted.value}{asked.value}"


def test_a_quoted_message_carries_no_address_and_no_token(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award]
) -> None:
    message = f"Validation failed: ines.moreau+x@learners.example.org is odd, so is {TOKEN}\n\x1b[31m" + "x" * 1000
    wire.post(BADGES, json={"data": {"message": message}}, status=422)
    (outcome,) = adapter.issue([make_award()])
    text = f"{outcome!s}{outcome!r}"
    assert "is odd" in text
    assert "ines.moreau" not in text
    assert TOKEN not in text
    assert "\n" not in str(outcome)
    assert "\x1b" not in str(outcome)
    assert len(str(outcome)) < MAX_QUOTE + 50


def test_a_long_quotation_is_quick_and_short() -> None:
    assert len(quote("a" * 10_000_000)) <= MAX_QUOTE
    assert "@" not in quote("a@b.example " * 1000)


def test_secrets_are_in_no_repr(adapter: CredlyAdapter) -> None:
    assert TOKEN not in f"{adapter!r}{adapter!s}"
    assert "academy" in repr(adapter)


def test_a_netrc_does_not_replace_the_token(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "netrc").write_text("machine api.credly.com login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    wire.get(f"{BASE}/badge_templates", json={"data": []})
    list(adapter.templates())
    sent = base64.b64decode(wire.calls[0].request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert sent == f"{TOKEN}:"


def test_a_batch_answer_of_another_length_is_ambiguous_for_all(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    wire.post(f"{BADGES}/batch", json={"data": [payload("badge_pending")["data"]]}, status=201)
    outcomes = adapter.issue([make_award(1), make_award(2)])
    assert [type(outcome) for outcome in outcomes] == [AmbiguousError, AmbiguousError]


def test_a_badge_of_another_learner_in_a_batch_is_ambiguous(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    badge = payload("badge_pending")["data"]
    mine = badge | {"issuer_earner_id": "alm:70412:1"}
    wire.post(f"{BADGES}/batch", json={"data": [mine, badge]}, status=201)
    outcomes = adapter.issue([make_award(1), make_award(2)])
    assert [isinstance(outcome, AmbiguousError) for outcome in outcomes] == [False, True]


@pytest.mark.parametrize("index", [None, 2, -1, "0", True])
def test_a_refused_batch_that_names_no_item_is_issued_one_at_a_time(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
    index: Any,
) -> None:
    badge = payload("badge_pending")["data"]
    wire.post(f"{BADGES}/batch", json={"data": {"message": "too many", "error_index": index}}, status=422)
    wire.post(BADGES, json={"data": badge | {"issuer_earner_id": "alm:70412:1"}}, status=201)
    wire.post(BADGES, json=payload("error_template"), status=422)
    first, second = adapter.issue([make_award(1), make_award(2)])
    assert not isinstance(first, AdapterError)
    assert isinstance(second, RejectedError)


def test_known_outcomes_are_kept_when_a_later_call_fails(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award]
) -> None:
    wire.post(f"{BADGES}/batch", json={"data": {"message": "bad", "error_index": 1}}, status=422)
    wire.post(f"{BADGES}/batch", body=requests.ReadTimeout())
    outcomes = adapter.issue([make_award(1), make_award(2), make_award(3), make_award(4, first_name="")])
    assert [type(outcome) for outcome in outcomes] == [AmbiguousError, RefusedError, AmbiguousError, RejectedError]
    assert outcomes[0] is not outcomes[2]


def test_awards_behind_an_ambiguous_one_were_not_sent(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award]
) -> None:
    wire.post(f"{BADGES}/batch", json={"data": {"message": "no"}}, status=413)
    wire.post(BADGES, body=requests.ReadTimeout())
    first, second = adapter.issue([make_award(1), make_award(2)])
    assert isinstance(first, AmbiguousError)
    assert isinstance(second, TemporaryError)
    assert not second.may_have_acted


def test_no_awards_make_no_call(wire: responses.RequestsMock, adapter: CredlyAdapter) -> None:
    assert adapter.issue([]) == []
    assert len(wire.calls) == 0


def test_already_there_but_not_listed_is_tried_again_later(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    wire.post(BADGES, json=payload("error_duplicate"), status=422)
    wire.get(BADGES, json={"data": [], "metadata": {}})
    (outcome,) = adapter.issue([make_award()])
    assert isinstance(outcome, TemporaryError)


def test_the_filter_is_percent_encoded_and_asks_for_the_earner_first(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award]
) -> None:
    wire.get(BADGES, json={"data": []})
    adapter.find(make_award(email="ines+lms@learners.example.org"))
    urls = [call.request.url or "" for call in wire.calls]
    assert "issuer_earner_id%3A%3Aalm%3A70412%3A4711%7Cbadge_template_id%3A%3A7b0e1c52" in urls[0]
    assert "recipient_email%3A%3Aines%2Blms%40learners.example.org%7Cbadge_template_id" in urls[1]


@pytest.mark.parametrize(
    ("recipient", "asked"),
    [
        ({"earner_id": "a|b"}, ["recipient_email::learner4711@learners.example.org|badge_template_id::T"]),
        ({"email": "a,b@x.example"}, ["issuer_earner_id::alm:70412:4711|badge_template_id::T"]),
        ({"earner_id": "a::b", "email": "a|b@x.example"}, ["badge_template_id::T"]),
    ],
)
def test_values_that_the_filter_cannot_hold_are_not_asked_for(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    recipient: dict[str, str],
    asked: list[str],
) -> None:
    wire.get(BADGES, json={"data": []})
    adapter.find(make_award(template="T", **recipient))
    assert [call.request.params["filter"] for call in wire.calls] == asked  # type: ignore[attr-defined]


def test_pages_are_asked_of_our_own_host_with_our_own_filter(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    badge = payload("badge_pending")["data"]
    elsewhere = {"next_page_url": "https://elsewhere.example.org/api/v1/badges?page=2"}
    wire.get(BADGES, json={"data": [badge | {"id": "other"}], "metadata": elsewhere})
    wire.get(BADGES, json={"data": [badge | {"issuer_earner_id": "alm:70412:4711"}], "metadata": {}})
    found = adapter.find(make_award())
    assert found is not None
    assert found.existed
    assert "page=2&filter=issuer_earner_id" in (wire.calls[1].request.url or "")


def test_pages_in_a_circle_end_neither_the_templates_nor_a_search(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    circle = {"next_page_url": f"{BASE}/badge_templates?page=2"}
    page = payload("templates_page")["data"]
    wire.get(f"{BASE}/badge_templates", json={"data": page, "metadata": circle})
    wire.get(BADGES, json={"data": [payload("badge_pending")["data"]], "metadata": circle})
    with pytest.raises(TemporaryError):
        list(adapter.templates())
    with pytest.raises(TemporaryError):
        adapter.find(make_award())


def test_a_revoked_or_replaced_badge_is_not_the_live_one(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    mine = payload("badge_pending")["data"] | {"issuer_earner_id": "alm:70412:4711"}
    gone = [mine | {"id": "r", "state": "revoked"}, mine | {"id": "s", "replacement_badge_id": "t"}]
    wire.get(BADGES, json={"data": gone})
    assert adapter.find(make_award()) is None
    wire.upsert("GET", BADGES, json={"data": [*gone, mine | {"id": "t"}]})
    found = adapter.find(make_award())
    assert found is not None
    assert found.id == "t"


@pytest.mark.parametrize("verb", ["revoke", "replace"])
def test_an_unknown_badge_is_rejected(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], verb: str
) -> None:
    wire.put(f"{BADGES}/a%2Fb/revoke", json={"data": {"message": "Badge not found"}}, status=404)
    wire.post(f"{BADGES}/a%2Fb/replace", json={"data": {"message": "Badge not found"}}, status=404)
    with pytest.raises(RejectedError) as caught:
        adapter.revoke("a/b", "x") if verb == "revoke" else adapter.replace("a/b", make_award())
    assert caught.value.code == "not_found"


@pytest.mark.parametrize("badge_id", ["", "..", "."])
def test_a_badge_id_that_would_be_another_path_is_not_sent(adapter: CredlyAdapter, badge_id: str) -> None:
    with pytest.raises(RejectedError):
        adapter.revoke(badge_id, "x")


def test_share_links_lead_to_the_public_page_linkedin_and_the_embed(adapter: CredlyAdapter) -> None:
    links = {link.target: link.url for link in adapter.share_links("b1")}
    assert links == {
        "credly": "https://www.credly.com/badges/b1/public_url",
        "linkedin": "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME"
        "&certUrl=https%3A%2F%2Fwww.credly.com%2Fbadges%2Fb1%2Flinked_in_profile&certId=b1",
        "linkedin_post": "https://www.linkedin.com/sharing/share-offsite/"
        "?url=https%3A%2F%2Fwww.credly.com%2Fbadges%2Fb1%2Fpublic_url",
        "embed": "https://www.credly.com/embedded_badge/b1",
    }


@pytest.mark.parametrize(
    "error", [RejectedError("code", "text"), CredlyRefusedError("code", "text"), NotFoundError("text")]
)
def test_rejections_can_be_copied_and_pickled(error: RejectedError) -> None:
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(twin), twin.code, str(twin)) == (type(error), error.code, str(error))


@pytest.mark.parametrize(
    "data", [None, [], {}, {"id": "b", "state": "accepted"}, {"id": "other", "state": "revoked"}]
)
def test_a_change_that_is_not_confirmed_is_ambiguous(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], data: Any
) -> None:
    wire.put(f"{BADGES}/b/revoke", json={"data": data})
    wire.post(f"{BADGES}/b/replace", json={"data": data}, status=201)
    with pytest.raises(AmbiguousError):
        adapter.revoke("b", "x")
    with pytest.raises(AmbiguousError):
        adapter.replace("b", make_award())


@pytest.mark.parametrize(("status", "body"), [(404, {"data": {}}), (200, {"data": []}), (200, {"data": {"id": 7}})])
def test_a_refused_change_of_an_unreadable_badge_stays_refused(
    wire: responses.RequestsMock, adapter: CredlyAdapter, make_award: Callable[..., Award], status: int, body: Any
) -> None:
    wire.put(f"{BADGES}/b/revoke", json={"data": {"message": "no"}}, status=422)
    wire.post(f"{BADGES}/b/replace", json={"data": {"message": "no"}}, status=422)
    wire.get(f"{BADGES}/b", json=body, status=status)
    changes: list[Callable[[], object]] = [
        lambda: adapter.revoke("b", "x"),
        lambda: adapter.replace("b", make_award()),
    ]
    for change in changes:
        with pytest.raises(RefusedError) as caught:
            change()
        assert caught.value.code == "invalid"


def test_the_successor_of_a_replaced_badge_is_looked_up_where_credly_does_not_name_it(
    wire: responses.RequestsMock,
    adapter: CredlyAdapter,
    make_award: Callable[..., Award],
    payload: Callable[[str], Any],
) -> None:
    mine = payload("badge_pending")["data"] | {"issuer_earner_id": "alm:70412:4711"}
    wire.post(f"{BADGES}/b/replace", json={"data": {"message": "It has already been replaced."}}, status=422)
    wire.get(f"{BADGES}/b", json={"data": mine | {"id": "b", "replacement_badge_id": "c"}})
    wire.get(f"{BADGES}/c", json={"data": mine | {"id": "c"}})
    badge = adapter.replace("b", make_award())
    assert (badge.id, badge.existed) == ("c", True)
    wire.upsert("GET", f"{BADGES}/c", json={"data": {}}, status=404)
    with pytest.raises(TemporaryError):
        adapter.replace("b", make_award())
