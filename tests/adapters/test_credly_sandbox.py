"""The adapter and Credly's sandbox, over real HTTP."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
import requests
from marshmallow import ValidationError

from badgerelay.adapters import (
    AdapterError,
    AmbiguousError,
    Award,
    BadgeTemplate,
    ConfigurationError,
    IssuedBadge,
    Outcome,
    RejectedError,
    TemporaryError,
)
from badgerelay.adapters.credly.adapter import CredlyAdapter

from .sandboxes import calls, counts

Connect = Callable[..., CredlyAdapter]
Sandbox = Callable[..., str]
MakeAward = Callable[..., Award]
TOKEN = ("SIMULATOR-TOKEN-0001", "")
ORGANIZATION = "/v1/organizations/0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"


def issued(outcome: Outcome) -> IssuedBadge:
    assert isinstance(outcome, IssuedBadge), outcome
    return outcome


def test_the_second_time_it_is_the_same_badge(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    adapter = connect(sandbox())
    (first,) = adapter.issue([make_award()])
    (second,) = adapter.issue([make_award()])
    assert issued(second) == replace(issued(first), existed=True)


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"errors_messages": "string"},
        {"ignore_duplicate_behavior": "on"},
        {"duplicate_message": "Sorry, Ines Already Has This Badge."},
        {"user": "full", "auto_accept": "on"},
        {"page_size": "1", "next_page_drops_filter": "on"},
    ],
)
def test_a_duplicate_is_found_whatever_form_credly_takes(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward, knobs: dict[str, str]
) -> None:
    url = sandbox(**knobs)
    adapter = connect(url)
    adapter.issue([make_award(number) for number in range(5)])
    outcomes = adapter.issue([make_award(3), make_award(99), make_award(4)])
    assert [issued(outcome).existed for outcome in outcomes] == [True, False, True]
    assert counts(url)["total"] == 6


def test_a_badge_is_found_after_a_change_of_address_and_of_id(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    adapter = connect(sandbox())
    (badge,) = adapter.issue([make_award(email="ines+lms@learners.example.org")])
    moved = adapter.find(make_award(email="new@learners.example.org"))
    renumbered = adapter.find(make_award(email="Ines+LMS@learners.example.org", earner_id="alm:70412:1"))
    assert moved == renumbered == replace(issued(badge), existed=True)
    assert adapter.find(make_award(1)) is None
    assert adapter.find(make_award(template="6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63")) is None


def test_a_learner_whose_values_no_filter_holds_is_found_by_template(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    url = sandbox(page_size="2")
    adapter = connect(url)
    odd = make_award(earner_id="a|b::c,d", email='"a|b"@learners.example.org')
    adapter.issue([make_award(number) for number in range(5)])
    adapter.issue([odd])
    found = adapter.find(odd)
    assert found is not None
    assert calls(url)["GET badges"] == 3


def test_bad_items_are_taken_out_of_a_batch_and_the_others_go(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    url = sandbox()
    adapter = connect(url)
    adapter.issue([make_award(2)])
    awards = [make_award(number) for number in range(50)]
    awards[7] = make_award(7, template="unknown")
    awards[8] = make_award(8, last_name=" ")
    awards[9] = make_award(9, email="no address")
    outcomes = adapter.issue(awards)
    codes = {index: outcome.code for index, outcome in enumerate(outcomes) if isinstance(outcome, RejectedError)}
    assert codes == {7: "invalid_template", 8: "missing_name", 9: "invalid_recipient"}
    assert [index for index, outcome in enumerate(outcomes) if getattr(outcome, "existed", False)] == [2]
    assert counts(url)["total"] == 47
    assert "no address" not in str(outcomes[7])


def test_a_batch_without_error_index_goes_one_by_one(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    url = sandbox(error_index="off")
    outcomes = connect(url).issue([make_award(1), make_award(2, template="unknown"), make_award(3)])
    assert [type(outcome).__name__ for outcome in outcomes] == ["IssuedBadge", "CredlyRefusedError", "IssuedBadge"]
    assert calls(url) == {"POST badges/batch": 1, "POST badges": 3}


def test_a_smaller_batch_limit_falls_back_to_one_by_one(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    url = sandbox(batch_max="3")
    outcomes = connect(url).issue([make_award(number) for number in range(5)])
    assert all(isinstance(outcome, IssuedBadge) for outcome in outcomes)


def test_two_learners_with_one_address_in_one_batch_make_one_badge(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    url = sandbox()
    adapter = connect(url)
    twins = [make_award(1, email="same@learners.example.org"), make_award(2, email="same@learners.example.org")]
    first, second = adapter.issue(twins)
    assert isinstance(second, TemporaryError)
    (again,) = adapter.issue([twins[1]])
    assert issued(again).id == issued(first).id
    assert counts(url)["duplicates"] == 0


@pytest.mark.parametrize("number", [1, 20])
def test_a_lost_answer_is_ambiguous_and_the_badge_is_there(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward, number: int
) -> None:
    url = sandbox(faults="lost=#1")
    adapter = connect(url)
    awards = [make_award(index) for index in range(number)]
    with pytest.raises(AmbiguousError):
        adapter.issue(awards)
    assert all(adapter.find(award) for award in awards)
    assert all(issued(outcome).existed for outcome in adapter.issue(awards))
    assert counts(url)["total"] == number


def test_a_late_answer_is_ambiguous(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    url = sandbox(faults="slow=#1:0.6")
    adapter = connect(url, read_timeout=0.2)
    with pytest.raises(AmbiguousError):
        adapter.issue([make_award()])
    time.sleep(0.6)
    assert adapter.find(make_award()) is not None


@pytest.mark.parametrize(
    ("fault", "may_have_acted", "there"),
    [("500after=#1", True, True), ("500=#1", True, False), ("html502=#1", True, False), ("429=#1:2", False, False)],
)
def test_a_temporary_error_says_whether_to_look_up_first(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward, fault: str, may_have_acted: bool, there: bool
) -> None:
    adapter = connect(sandbox(faults=fault))
    with pytest.raises(TemporaryError) as caught:
        adapter.issue([make_award()])
    assert caught.value.may_have_acted is may_have_acted
    assert (adapter.find(make_award()) is not None) is there


def test_a_minute_that_is_used_up_says_when_the_next_begins(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    for knob, stated in (("on", True), ("off", False)):
        adapter = connect(sandbox(per_minute="1", retry_after=knob))
        waits = []
        for number in range(3):
            try:
                adapter.issue([make_award(number)])
            except TemporaryError as error:
                waits.append(error.retry_after)
        assert waits
        assert all((wait is not None and 0 < wait <= 60) is stated for wait in waits)


def test_a_token_without_write_rights_is_the_token(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    url = sandbox()
    requests.post(
        f"{url}/_sandbox/tokens", json={"token": TOKEN[0], "replacement": "read-only", "write": False}
    ).raise_for_status()
    adapter = connect(url, token="read-only")
    assert adapter.check().name == "Riverbank Academy"
    with pytest.raises(ConfigurationError) as caught:
        adapter.issue([make_award()])
    assert caught.value.setting == "token"
    with pytest.raises(ConfigurationError):
        connect(url).check()


def test_templates_come_from_all_pages(connect: Connect, sandbox: Sandbox) -> None:
    for knobs in ({}, {"next_page_drops_filter": "on"}, {"next_page_host": "https://elsewhere.example.org"}):
        url = sandbox(templates="120", **knobs)
        templates = list(connect(url).templates())
        assert len(templates) == len({template.id for template in templates}) == 122
        assert {template.state for template in templates} == {"active", "draft", "archived"}
        assert calls(url)["GET badge_templates"] == 3
    assert (templates[0].id, templates[0].name) == ("7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10", "Safe Lab Practice")


def test_a_draft_and_an_archived_template_issue_nothing(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    adapter = connect(sandbox())
    for template in [template for template in adapter.templates() if template.state != "active"]:
        (outcome,) = adapter.issue([make_award(template=template.id)])
        assert isinstance(outcome, RejectedError)
        assert outcome.code == "invalid_template"


def test_revoking_twice_is_revoked(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    adapter = connect(sandbox())
    (badge,) = adapter.issue([make_award()])
    assert adapter.revoke(issued(badge).id, "Issued in error").state == "revoked"
    assert adapter.revoke(issued(badge).id, "Issued in error").state == "revoked"
    assert adapter.find(make_award()) is None
    (anew,) = adapter.issue([make_award()])
    assert not issued(anew).existed


@pytest.mark.parametrize(
    ("badge_id", "reason", "code"), [("unknown", "x", "not_found"), ("b", " ", "missing_reason")]
)
def test_a_revocation_that_cannot_be_is_rejected(
    connect: Connect, sandbox: Sandbox, badge_id: str, reason: str, code: str
) -> None:
    with pytest.raises(RejectedError) as caught:
        connect(sandbox()).revoke(badge_id, reason)
    assert caught.value.code == code


@pytest.mark.parametrize("status", ["201", "200"])
def test_a_replacement_is_a_new_badge_and_the_second_time_the_same(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward, status: str
) -> None:
    url = sandbox(replace_status=status)
    adapter = connect(url)
    (old,) = adapter.issue([make_award()])
    renewed = replace(make_award(), issued_at=make_award().issued_at + timedelta(days=365))
    new = adapter.replace(issued(old).id, renewed)
    assert new.id != issued(old).id
    assert new.issued_at == renewed.issued_at
    assert adapter.replace(issued(old).id, renewed) == replace(new, existed=True)
    assert adapter.find(make_award()) == replace(new, existed=True)
    with pytest.raises(RejectedError) as revoked:
        adapter.revoke(issued(old).id, "x")
    assert revoked.value.code == "already_replaced"


def test_a_badge_replaced_by_another_award_is_not_taken_for_ours(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    adapter = connect(sandbox())
    (old,) = adapter.issue([make_award()])
    adapter.replace(issued(old).id, make_award())
    later = replace(make_award(), issued_at=make_award().issued_at + timedelta(days=365))
    with pytest.raises(RejectedError) as caught:
        adapter.replace(issued(old).id, later)
    assert caught.value.code == "already_replaced"


def test_a_lost_replacement_is_ambiguous_and_found_again(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    url = sandbox()
    adapter = connect(url)
    (old,) = adapter.issue([make_award()])
    requests.put(f"{url}/_sandbox/faults", data="lost=#1")
    with pytest.raises(AmbiguousError):
        adapter.replace(issued(old).id, make_award())
    assert adapter.replace(issued(old).id, make_award()).existed
    assert counts(url)["total"] == 2


def test_learners_answer_and_the_badge_says_so(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    url = sandbox()
    adapter = connect(url)
    (badge,) = adapter.issue([make_award()])
    for answer, state in (("accept", "accepted"), ("reject", "declined")):
        requests.post(f"{url}/_sandbox/badges/{issued(badge).id}/{answer}").raise_for_status()
        found = adapter.find(make_award())
        assert found is not None
        assert found.state == state


def test_a_badge_ends_with_its_date(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    adapter = connect(sandbox())
    award = make_award()
    (badge,) = adapter.issue([replace(award, expires_at=award.issued_at + timedelta(days=1))])
    assert issued(badge).state == "expired"


def test_one_adapter_serves_many_threads(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    url = sandbox()
    adapter = connect(url)
    outcomes: list[Outcome] = []

    def issue(first: int) -> None:
        for start in range(first, first + 60, 20):
            outcomes.extend(adapter.issue([make_award(number) for number in range(start, start + 20)]))

    threads = [threading.Thread(target=issue, args=(index * 60,)) for index in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({issued(outcome).id for outcome in outcomes}) == 600
    assert counts(url) | {"by_template": None} == {
        "total": 600,
        "live": 600,
        "duplicates": 0,
        "by_state": {"pending": 600},
        "by_template": None,
    }


def test_under_all_faults_every_learner_gets_one_badge(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    faults = "lost=0.1,500=0.05,500after=0.05,html502=0.05,429=0.05:0,429bare=0.05,slow=0.02:0.3,down=0.05,seed=5"
    url = sandbox(faults=faults)
    adapter = connect(url, read_timeout=0.2)
    waiting = [make_award(number) for number in range(200)]
    for _ in range(200):
        batch, waiting = waiting[:20], waiting[20:]
        outcomes: list[Outcome]
        try:
            outcomes = adapter.issue(batch)
        except (TemporaryError, AmbiguousError) as error:
            outcomes = [error for _ in batch]
        assert not any(isinstance(outcome, (RejectedError, ConfigurationError)) for outcome in outcomes)
        waiting += [
            award for award, outcome in zip(batch, outcomes, strict=True) if isinstance(outcome, AdapterError)
        ]
        if not waiting:
            break
    assert waiting == []
    assert (counts(url)["live"], counts(url)["duplicates"]) == (200, 0)


def test_paths_and_credentials_are_taken_as_loosely_as_credly_does(sandbox: Sandbox) -> None:
    url = sandbox(trailing_pipe="on")
    for path in (f"{ORGANIZATION}/", f"/api{ORGANIZATION}", f"/v1//organizations/{ORGANIZATION.split('/')[-1]}"):
        assert requests.get(url + path, auth=TOKEN).json()["data"]["name"] == "Riverbank Academy"
    for bare in ("U0lNVUxBVE9SLVRPS0VOLTAwMDE=", "U0lNVUxBVE9SLVRPS0VOLTAwMDF8"):
        header = {"Authorization": f"Basic {bare}"}
        assert requests.get(url + ORGANIZATION, headers=header).status_code == 200
    refused = requests.get(url + ORGANIZATION)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Basic")
    assert refused.json()["data"]["message"]


def test_a_form_and_a_query_issue_too_and_rubbish_is_a_400(sandbox: Sandbox) -> None:
    url = f"{sandbox()}{ORGANIZATION}/badges"
    fields = {
        "recipient_email": "ines@learners.example.org",
        "badge_template_id": "7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10",
        "issued_at": "2026-03-02T13:05:00.000Z",
        "issued_to_first_name": "Ines",
        "issued_to_last_name": "Moreau",
    }
    assert requests.post(url, data=fields, auth=TOKEN).status_code == 201
    other = fields | {"recipient_email": "other@learners.example.org"}
    assert requests.post(url, params=other, auth=TOKEN).status_code == 201
    for rubbish in (b"{", b"[]", b"7"):
        assert requests.post(url, data=rubbish, auth=TOKEN).status_code == 400
    assert requests.post(f"{url}/batch", json={"badges": [7, None]}, auth=TOKEN).json()["data"]["error_index"] == 0
    assert requests.post(f"{url}/batch", json={"badges": 7}, auth=TOKEN).status_code == 422


@pytest.mark.parametrize(
    ("behavior", "status", "live"), [("deny", 422, 1), (None, 422, 1), ("allow", 201, 2), ("replace", 201, 1)]
)
def test_duplicate_behavior_is_credlys(sandbox: Sandbox, behavior: str | None, status: int, live: int) -> None:
    base = sandbox()
    item = {
        "recipient_email": "ines@learners.example.org",
        "badge_template_id": "7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10",
        "issued_at": "2026-03-02 13:05:00 +0000",
        "issued_to_first_name": "Ines",
        "issued_to_last_name": "Moreau",
        "duplicate_behavior": behavior,
    }
    requests.post(f"{base}{ORGANIZATION}/badges", json=item, auth=TOKEN).raise_for_status()
    again = item | {"recipient_email": "INES@learners.example.org"}
    assert requests.post(f"{base}{ORGANIZATION}/badges", json=again, auth=TOKEN).status_code == status
    assert counts(base)["live"] == live


def test_filters_and_orders_work_in_both_forms(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    url = sandbox()
    connect(url).issue([make_award(number) for number in range(3)])
    path = f"{url}{ORGANIZATION}/badges"

    def listed(**query: str) -> list[str]:
        page = requests.get(path, params=query, auth=TOKEN).json()
        return [badge["issuer_earner_id"] for badge in page["data"]]

    assert listed(filter="state::pending,accepted|issuer_earner_id::alm:70412:1") == ["alm:70412:1"]
    assert listed(**{"filter[recipient_email]": "Learner2@learners.example.org"}) == ["alm:70412:2"]
    assert listed(sort="-created_at")[0] == "alm:70412:2"
    assert listed(filter="state::revoked") == []
    assert listed(page="9") == []
    empty = requests.get(path, params={"filter": "state::revoked"}, auth=TOKEN).json()["metadata"]
    assert (empty["total_count"], empty["total_pages"], empty["next_page_url"]) == (0, 1, None)


def test_administrators_see_the_requests_and_can_reset(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    url = sandbox()
    began = time.time()
    connect(url).issue([make_award(1), make_award(2)])
    report = requests.get(f"{url}/_sandbox/requests").json()
    assert report["counts"] == {"POST badges/batch": 1}
    ((at, kind),) = report["posts"]
    assert began <= at <= time.time()
    assert kind == "badges/batch"
    assert len(requests.get(f"{url}/_sandbox/badges").json()["badges"]) == 2
    assert requests.post(f"{url}/_sandbox/reset").status_code == 204
    assert counts(url)["total"] == 0
    assert calls(url) == {}


def test_every_object_has_an_unknown_field(sandbox: Sandbox) -> None:
    data = requests.get(sandbox() + ORGANIZATION, auth=TOKEN).json()["data"]
    assert any(name.startswith("x_") for name in data)


def test_a_badges_addresses_lead_to_a_page(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    adapter = connect(sandbox())
    (badge,) = adapter.issue([make_award(first_name="<b>Ines")])
    own = [link.url for link in adapter.share_links(issued(badge).id) if link.target in {"credly", "embed"}]
    for address in (issued(badge).url or "", *own):
        page = requests.get(address)
        assert page.status_code == 200
        assert "&lt;b&gt;Ines" in page.text


def test_deleting_forgets(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    url = sandbox()
    adapter = connect(url)
    (badge,) = adapter.issue([make_award()])
    path = f"{url}{ORGANIZATION}/badges/{issued(badge).id}"
    assert requests.get(path, auth=TOKEN).json()["data"]["id"] == issued(badge).id
    assert requests.delete(path, auth=TOKEN).status_code == 204
    assert requests.get(path, auth=TOKEN).status_code == 404
    assert adapter.find(make_award()) is None


@pytest.mark.parametrize("knobs", [{"templats": "3"}, {"faults": "lost=7"}, {"page_size": "0"}, {"user": "half"}])
def test_a_wrong_knob_is_named(knobs: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"knob|fault"):
        CredlyAdapter.sandbox(knobs)


def test_the_adapter_does_not_load_its_sandbox(tmp_path: Any) -> None:
    import subprocess
    import sys

    code = (
        "import sys, badgerelay.adapters.credly.adapter\n"
        "assert not [name for name in sys.modules if 'sandbox' in name or name == 'flask']"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=tmp_path)


def test_one_organization_may_have_faults_of_its_own(sandbox: Sandbox) -> None:
    url = sandbox(organizations="2")
    organizations = {
        token: requests.get(f"{url}/v1/organizations", auth=(token, "")).json()["data"][0]["id"]
        for token in ("SIMULATOR-TOKEN-0001", "SIMULATOR-TOKEN-0002")
    }

    def statuses() -> list[int]:
        return [
            requests.get(f"{url}/v1/organizations/{organization}", auth=(token, "")).status_code
            for token, organization in organizations.items()
        ]

    console = f"{url}/_sandbox/faults/{organizations['SIMULATOR-TOKEN-0002']}"
    assert requests.get(console).status_code == 404
    assert requests.put(console, data="500=#1,429=#1").json()["spec"] == "500=#1,429=#1:1"
    assert [statuses(), statuses(), statuses()] == [[200, 500], [200, 429], [200, 200]]
    assert requests.get(console).json()["drawn"] == {"500": 1, "429": 1}
    assert requests.put(console, data="nonsense=1").status_code == 400
    requests.put(f"{url}/_sandbox/faults", data="html502=1")
    assert statuses() == [502, 200]
    assert requests.delete(console).status_code == 204
    assert statuses() == [502, 502]


def test_the_read_timeout_is_a_setting(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    adapter = connect(sandbox(faults="slow=#1:1"), read_timeout="0.2")
    with pytest.raises(AmbiguousError, match="no answer came"):
        adapter.issue([make_award()])
    with pytest.raises(ValidationError, match="240 seconds"):
        connect(read_timeout="0")


def test_a_template_can_be_changed_while_the_sandbox_runs(sandbox: Sandbox, connect: Connect) -> None:
    url = sandbox()
    adapter = connect(url)
    template = "7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10"

    def found() -> BadgeTemplate | None:
        return next((each for each in adapter.templates() if each.id == template), None)

    def change(what: str, **body: str) -> BadgeTemplate | None:
        requests.post(f"{url}/_sandbox/templates/{template}/{what}", json=body, timeout=5).raise_for_status()
        return found()

    before = found()
    assert before is not None
    assert change("rename", name="Other") == replace(before, name="Other", url=ANY, description=ANY)
    assert getattr(change("archive"), "state", None) == "archived"
    assert getattr(change("draft"), "state", None) == "draft"
    assert getattr(change("restore"), "state", None) == "active"
    first, second = change("image"), change("image")
    assert first is not None
    assert second is not None
    assert len({before.image_url, first.image_url, second.image_url}) == 3
    assert change("delete") is None
    assert getattr(change("restore"), "name", None) == "Other"
    made = requests.post(f"{url}/_sandbox/templates", json={"name": "More", "state": "draft"}, timeout=5).json()
    assert next(each.state for each in adapter.templates() if each.id == made["id"]) == "draft"
    assert requests.post(f"{url}/_sandbox/templates/{template}/burn", timeout=5).status_code == 404
    assert requests.post(f"{url}/_sandbox/templates/none/archive", timeout=5).status_code == 404


def test_a_list_with_fewer_objects_than_counted_raises(sandbox: Sandbox, connect: Connect) -> None:
    adapter = connect(sandbox(list_loses="1", page_size="3"))
    with pytest.raises(TemporaryError, match="not whole: 7 of 8"):
        list(adapter.templates())
