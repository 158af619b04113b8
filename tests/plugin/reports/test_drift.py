"""Ledger against provider, over HTTP against the sandbox, whose badges are changed behind our back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
import requests

from badgerelay.plugin.engine.assembly import make_work
from badgerelay.plugin.reports import drift as module
from badgerelay.plugin.reports.drift import Drift
from badgerelay.plugin.store import Store

from ...support import ORGANIZATION, TEMPLATE, TOKEN, Ran, calls, connect_credly, run_here
from ..backfill.conftest import issue_by_hand
from ..store.conftest import Giving

OTHER = "3c51e8d4-07b6-4a92-b1f3-58d0a94c7e21"


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., Ran]:
    return lambda *arguments: run_here(*arguments, environ=environ)


@pytest.fixture
def credly(store: Store, serve_app: Callable[..., str]) -> str:
    url = serve_app("credly", page_size="7")
    connect_credly(store, url, max_age="unlimited", award_limit="unlimited", rate="unlimited")
    return url


@pytest.fixture
def issued(store: Store, credly: str) -> Callable[[int], dict[str, str]]:
    """Issues so many badges; the badges' ids by learner."""

    def issue(count: int) -> dict[str, str]:
        from dataclasses import replace

        from badgerelay.plugin.sources.decisions import Earns
        from badgerelay.plugin.store import NewEvent, Plan

        new = [
            NewEvent("", "lms", f"e-{n}", "acme", "course_completed", "{}", learner_id=f"u:{n}") for n in range(count)
        ]
        store.inbox.add([replace(event) for event in new], store.now())

        class Each(Giving):
            def decide(self, events: Any) -> Any:
                for row in events:
                    recipient = {
                        "email": f"{row.learner_id.replace(':', '.')}@example.org",
                        "first_name": "A",
                        "last_name": "B",
                        "locale": None,
                    }
                    yield [(row, Earns((Plan("academy", TEMPLATE, recipient, 1_700_000_000.0),), "as reported"))]

        from badgerelay.plugin.engine.decide import decide_batch

        while decide_batch(store, Each(), "acme", "somebody"):
            pass
        work = make_work(store)
        while lanes := work.due():
            for lane in lanes:
                work.do(lane, "somebody", lambda _: None)
        return {row["learner_id"]: row["badge_id"] for row in store.views.awards(limit=10_000)}

    return issue


def call(credly: str, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method, f"{credly}/v1/organizations/{ORGANIZATION}/badges/{path}", json=body, auth=(TOKEN, ""), timeout=10
    )
    answer.raise_for_status()
    return answer.json()["data"] if answer.content else None


def differences(store: Store) -> list[tuple[str, str, str, str]]:
    connection = store.connections.get("academy")
    assert connection is not None
    return sorted((each.kind, each.badge_id, each.ledger, each.provider) for each in Drift(store, connection).run())


def test_where_nothing_was_changed_nothing_differs_over_all_pages(
    store: Store, credly: str, issued: Any, run: Any
) -> None:
    assert len(issued(40)) == 40
    issue_by_hand(credly)  # of somebody else: without an id of ours
    before = calls(credly).get("GET badges", 0)
    assert differences(store) == []
    assert calls(credly)["GET badges"] - before == 6, "41 badges, 7 on a page"
    assert "agree" in run("report", "drift").out


def test_whatever_was_changed_behind_our_back_is_found(
    store: Store, credly: str, issued: Any, run: Any, tmp_path: Any
) -> None:
    of = issued(12)
    call(credly, "DELETE", of["u:0"])
    call(credly, "PUT", f"{of['u:1']}/revoke", {"reason": "a mistake"})
    requests.post(f"{credly}/_sandbox/badges/{of['u:2']}/accept", timeout=10).raise_for_status()
    requests.post(f"{credly}/_sandbox/badges/{of['u:3']}/reject", timeout=10).raise_for_status()
    new = call(
        credly, "POST", f"{of['u:4']}/replace", {"badge_template_id": OTHER, "issued_at": "2026-03-02 13:05:00 +0000"}
    )
    unknown = issue_by_hand(credly, issuer_earner_id="lms:u:99", badge_template_id=OTHER)
    issue_by_hand(credly, issuer_earner_id="another-system:u:99", recipient_email="x@example.org")
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE awards SET template_id = 'another' WHERE learner_id = 'u:5'")
        connection.exec_driver_sql("UPDATE awards SET learner_id = 'u:66' WHERE learner_id = 'u:6'")
        connection.exec_driver_sql(
            "UPDATE awards SET recipient = replace(recipient, 'u.7@', 'new@') WHERE learner_id = 'u:7'"
        )
        connection.exec_driver_sql("UPDATE awards SET state = 'revoked' WHERE learner_id = 'u:8'")
        connection.exec_driver_sql("UPDATE awards SET state = 'accepted' WHERE learner_id = 'u:2'")
    found = differences(store)
    assert found == sorted(
        [
            ("missing", of["u:0"], "issued", "not there, or revoked"),
            ("state", of["u:1"], "issued", "revoked"),
            ("state", of["u:3"], "issued", "declined"),
            ("state", of["u:4"], "issued", "replaced"),
            ("state", of["u:8"], "revoked", "pending"),
            ("template", of["u:5"], "another", TEMPLATE),
            ("recipient", of["u:6"], "lms:u:66", "lms:u:6"),
            ("recipient", of["u:7"], "the learner's e-mail address", "another e-mail address"),
            ("unknown", unknown, "", "pending"),
            *([("unknown", new["id"], "", new["state"])] if new["issuer_earner_id"] else []),
        ]
    )
    reported = run("report", "drift", "academy", "--json").json
    assert sorted((each["kind"], each["badge_id"], each["ledger"], each["provider"]) for each in reported) == found
    assert run("report", "drift", "--csv", str(tmp_path / "d.csv")).code == 0
    with (tmp_path / "d.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(found)
    table = run("report", "drift").out
    assert "2 recipient" in table
    assert "@" not in table


def test_a_badge_that_a_shifting_list_missed_is_looked_for(
    store: Store, credly: str, issued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued(20)
    from badgerelay.adapters.credly.adapter import CredlyAdapter

    whole = CredlyAdapter.badges
    monkeypatch.setattr(CredlyAdapter, "badges", lambda self, _: (b for n, b in enumerate(whole(self)) if n % 7 != 3))
    assert differences(store) == []


def test_without_a_list_each_badge_is_looked_for(
    store: Store, credly: str, issued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from badgerelay.adapters.credly.adapter import CredlyAdapter

    of = issued(9)
    call(credly, "DELETE", of["u:0"])
    requests.post(f"{credly}/_sandbox/badges/{of['u:2']}/accept", timeout=10).raise_for_status()
    monkeypatch.setattr(CredlyAdapter, "capabilities", replace(CredlyAdapter.capabilities, can_list=False))
    assert differences(store) == sorted(
        [
            ("missing", of["u:0"], "issued", "not there, or revoked"),
            ("state", of["u:2"], "issued", "accepted"),
        ]
    )


def test_a_provider_that_does_not_answer_is_told(store: Store, credly: str, issued: Any, run: Any) -> None:
    from ...support import set_faults

    issued(1)
    set_faults(credly, "500=1.0")
    done = run("report", "drift")
    assert done.code == 1
    assert "@" not in done.err


def test_another_role_is_refused(store: Store, credly: str, run: Any) -> None:
    assert run("report", "drift", "nobody").code == 1


def test_beyond_so_many_looks_the_list_counts(
    store: Store, credly: str, issued: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = issued(4)
    for badge in of.values():
        call(credly, "DELETE", badge)
    monkeypatch.setattr(module, "MAX_LOOK_UPS", 2)
    assert sorted(each[3] for each in differences(store)) == ["not listed"] * 2 + ["not there, or revoked"] * 2
