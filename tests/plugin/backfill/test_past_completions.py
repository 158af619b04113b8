"""Rules of several learning objects over past completions, alone and together with live completions."""

from __future__ import annotations

from typing import Any

import pytest

from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint
from badgerelay.plugin.store import Store

from ...support import add_rule, badges, completion, delivery, until
from .conftest import FIRST, line

PLAIN, OWN = "course:8801300", "course:8801302"
PLAIN_AT, OWN_AT = "course:8801300_17700991", "course:8801302_17700993"
TEMPLATE = "3c51e8d4-07b6-4a92-b1f3-58d0a94c7e21"


@pytest.fixture(autouse=True)
def rule(store: Store, alm: str) -> None:
    add_rule(store, "acme", (PLAIN, OWN), "academy", TEMPLATE, need=2)


def issued(credly: str) -> list[tuple[str, str]]:
    return sorted((badge["issuer_earner_id"], badge["issued_at"][:10]) for badge in badges(credly))


def test_completions_of_one_backfill_count_together(credly: str, run: Any, transcript: Any) -> None:
    both = [
        line(FIRST, course=PLAIN, instance=PLAIN_AT, date="2026-03-02"),
        line(FIRST, course=OWN, instance=OWN_AT, date="2026-03-05"),
    ]
    file = transcript([*both, line(FIRST + 1, course=PLAIN, instance=PLAIN_AT), line(FIRST + 2, grade="Fail")])
    plan = run("backfill", "acme", "--transcript", file, "--dry-run", "--json")
    assert plan.code == 0, plan.err
    assert plan.json["badges"] == {"would": 1}
    done = run("backfill", "resume", str(plan.json["id"]), "--yes", "--json")
    assert done.json["badges"] == {"issued": 1}
    assert issued(credly) == [(f"alm:70412:{FIRST}", "2026-03-05")]


def test_past_completions_count_together_with_live_ones(store: Store, credly: str, run: Any, transcript: Any) -> None:
    first, second = line(FIRST, course=PLAIN, instance=PLAIN_AT), line(FIRST + 1, course=PLAIN, instance=PLAIN_AT)
    confirmed = run("backfill", "acme", "--transcript", transcript([first]), "--yes", "--json")
    assert (confirmed.json["state"], confirmed.json["badges"]) == ("done", {})
    planned = run("backfill", "acme", "--transcript", transcript([second]), "--dry-run", "--json")
    assert planned.json["state"] == "planned"
    connection = store.connections.get("acme")
    assert connection is not None
    live = delivery(*(completion(str(FIRST + each), instance=OWN_AT) for each in (0, 1)))
    store.inbox.add(AlmEndpoint("acme", connection.settings).take(decode(live)), store.now())
    engine = make_engine(store)
    engine.start()
    try:
        until(lambda: issued(credly))
        until(lambda: all(event["state"] in ("done", "ignored") for event in store.views.events()))
    finally:
        engine.stop()
    assert [earner for earner, _ in issued(credly)] == [f"alm:70412:{FIRST}"]


def test_a_host_s_likewise(store: Store, credly: str, run: Any, transcript: Any) -> None:
    add_rule(store, "moodle", ("graph-101", "graph-102"), "academy", TEMPLATE, need=2)
    lines = [
        f"Ada Holm,ada@example.org,u-1,{each},Completed,2026-03-0{each[-1]}" for each in ("graph-101", "graph-102")
    ]
    file = transcript(lines, header="Name,Email,User ID,LO ID,Status,Completion Date")
    done = run("backfill", "--source", "moodle", "--transcript", file, "--yes", "--json")
    assert done.code == 0, done.err
    (found,) = done.json["badges"].items()
    assert found == ("issued", 1)
    assert issued(credly) == [("moodle:u-1", "2026-03-02")]
