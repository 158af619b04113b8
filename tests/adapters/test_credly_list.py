"""The list of issued badges, over real HTTP against the sandbox or with a faked socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
import responses
from responses.matchers import query_param_matcher

from badgerelay.adapters import Award, ListedBadge, TemporaryError
from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.http import paging

from .conftest import ORGANIZATION, TEMPLATE, TOKEN

Connect = Callable[..., CredlyAdapter]
Sandbox = Callable[..., str]
MakeAward = Callable[..., Award]
BADGES = f"https://api.credly.com/v1/organizations/{ORGANIZATION}/badges"
OTHER = "3c51e8d4-07b6-4a92-b1f3-58d0a94c7e21"


def change(url: str, method: str, path: str, body: Any = None) -> None:
    answer = requests.request(
        method, f"{url}/v1/organizations/{ORGANIZATION}/badges/{path}", json=body, auth=(TOKEN, ""), timeout=10
    )
    answer.raise_for_status()


@pytest.mark.parametrize("knobs", [{}, {"next_page_drops_filter": "on"}, {"next_page_host": "http://127.0.0.1:9"}])
def test_every_badge_is_listed_once_over_all_pages(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward, knobs: dict[str, str]
) -> None:
    adapter = connect(sandbox(page_size="4", **knobs))
    adapter.issue([make_award(number) for number in range(11)])
    adapter.issue([make_award(number, template=OTHER) for number in range(3)])
    assert [badge.earner_id for badge in adapter.badges()] == [
        f"alm:70412:{number}" for number in (*range(11), *range(3))
    ]
    assert [(badge.template_id, badge.email) for badge in adapter.badges(OTHER)] == [
        (OTHER, f"learner{number}@learners.example.org") for number in range(3)
    ]


def test_each_state_is_mapped_to_ours(connect: Connect, sandbox: Sandbox, make_award: MakeAward) -> None:
    url = sandbox()
    adapter = connect(url)
    made = [badge.id for badge in adapter.issue([make_award(number) for number in range(5)])]  # type: ignore[union-attr]
    requests.post(f"{url}/_sandbox/badges/{made[1]}/accept", timeout=10).raise_for_status()
    requests.post(f"{url}/_sandbox/badges/{made[2]}/reject", timeout=10).raise_for_status()
    change(url, "PUT", f"{made[3]}/revoke", {"reason": "a mistake"})
    change(url, "POST", f"{made[4]}/replace", {"badge_template_id": OTHER, "issued_at": "2026-03-02 13:05:00 +0000"})
    expired = {
        "recipient_email": "late@example.org",
        "issued_to_first_name": "L",
        "issued_to_last_name": "Ate",
        "badge_template_id": TEMPLATE,
        "issued_at": "2020-03-02 13:05:00 +0000",
        "expires_at": "2021-03-02 13:05:00 +0000",
    }
    change(url, "POST", "", expired)
    states = [badge.state for badge in adapter.badges()]
    assert states == ["pending", "accepted", "declined", "revoked", "replaced", "pending", "expired"]
    assert list(adapter.badges())[-1].earner_id == ""


def test_a_badge_that_is_issued_while_the_pages_are_read_moves_no_other(
    connect: Connect, sandbox: Sandbox, make_award: MakeAward
) -> None:
    adapter = connect(sandbox(page_size="3"))
    adapter.issue([make_award(number) for number in range(6)])
    listed = adapter.badges()
    seen = [next(listed).earner_id]
    adapter.issue([make_award(99)])
    seen += [badge.earner_id for badge in listed]
    assert seen == [f"alm:70412:{number}" for number in (*range(6), 99)]


def test_an_address_is_not_shown() -> None:
    assert "@" not in repr(ListedBadge("b", "t", "pending", "alm:1:2", "rosa@example.org"))


@pytest.fixture
def wire() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_an_endless_list_raises(wire: responses.RequestsMock, connect: Connect, payload: Any) -> None:
    circle = {"next_page_url": f"{BADGES}?page=2"}
    wire.get(BADGES, json={"data": [payload("badge_pending")["data"]], "metadata": circle})
    with pytest.raises(TemporaryError):
        list(connect().badges())


def test_the_number_of_remembered_ids_is_bounded(
    wire: responses.RequestsMock, connect: Connect, payload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "REMEMBERED", 4)
    one = payload("badge_pending")["data"]
    for page in range(1, 6):
        more = {"next_page_url": f"{BADGES}?page={page + 1}"} if page < 5 else {}
        numbers = range(page * 3 - 1, page * 3 + 3)  # one was on the page before
        items = [{**one, "id": f"b-{number}"} for number in numbers]
        asked = query_param_matcher({"page": str(page)}, strict_match=False)
        wire.get(BADGES, json={"data": items, "metadata": more}, match=[asked])
    assert [badge.id for badge in connect().badges()] == [f"b-{number}" for number in range(2, 18)]


def test_a_badge_that_cannot_be_read_is_left_out(
    wire: responses.RequestsMock, connect: Connect, payload: Any
) -> None:
    one = payload("badge_pending")["data"]
    wire.get(BADGES, json={"data": [{**one, "id": "x", "state": None}, one, "rubbish", 7], "metadata": {}})
    assert [badge.id for badge in connect().badges()] == [one["id"]]
