from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.csvfiles.cells import escaped
from badgerelay.plugin.engine.assembly import make_work
from badgerelay.plugin.engine.decide import write_decisions
from badgerelay.plugin.reports.unmapped import unmapped
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.sources.decisions import Ignores
from badgerelay.plugin.store import NewEvent, Store
from badgerelay.plugin.store.schema.tables import events

from ...support import Ran, completion, query_plans, run_here

EVENT = NewEvent("acme", "alm:70412", "e-0", "acme", "COURSE_COMPLETED", "{}", learner_id="1")


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., Ran]:
    return lambda *arguments: run_here(*arguments, environ=environ)


def ignored(store: Store, count: int, decision: Ignores, **changes: Any) -> None:
    """So many completions of two learners that earn nothing."""
    kind = str(decision) + str(changes)
    store.inbox.add(
        [
            replace(EVENT, **{"event_id": f"{kind}-{number}", "learner_id": str(number % 2), **changes})
            for number in range(count)
        ],
        store.now(),
    )
    while rows := store.inbox.claim("acme", "somebody", 100, store.now()):
        write_decisions(store, [(row, decision) for row in rows])


NOTHING_TIED = Ignores("no badge hangs on it in ALM, and no rule gives one", unmapped=True)


def test_what_nothing_is_tied_to_is_counted_by_learning_object(store: Store) -> None:
    ignored(store, 5, NOTHING_TIED, learning_object_id="course:1_2")
    ignored(store, 1, NOTHING_TIED, learning_object_id="course:7_8")
    ignored(store, 3, Ignores("completed without passing"), learning_object_id="course:3_4")
    first, second = unmapped(store)
    assert (first.source, first.learning_object_id, first.completions, first.learners) == ("acme", "course:1_2", 5, 2)
    assert "--source acme --learning-object course:1_2" in first.hint
    assert (second.completions, second.learners) == (1, 1)
    assert list(unmapped(store, since=store.now() + 1)) == []


def test_a_replay_that_earns_takes_it_off_the_list(store: Store) -> None:
    ignored(store, 1, NOTHING_TIED, learning_object_id="course:1_2")
    with store.database.write() as connection:
        connection.execute(sa.update(events).values(state="received"))
    (row,) = store.inbox.claim("acme", "somebody", 1, store.now())
    write_decisions(store, [(row, Ignores("completed without passing"))])
    assert list(unmapped(store)) == []


def test_hosts_and_alm_say_so_of_what_nothing_is_tied_to(
    store: Store, run: Any, serve_app: Callable[..., str]
) -> None:
    from ...support import connect_alm, connect_credly, delivery

    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm"))
    from badgerelay.plugin.sources.alm.webhook.decoder import decode
    from badgerelay.plugin.sources.alm.webhook.endpoint import AlmEndpoint

    connection = store.connections.get("acme")
    assert connection is not None
    door = AlmEndpoint("acme", connection.settings)
    wanted = ("course:8801300_17700991", "course:8801302_17700993", "course:8801301_17700992")
    store.inbox.add(door.take(decode(delivery(*(completion(instance=each) for each in wanted)))), store.now())
    work = make_work(store)
    for lane in work.due():
        work.do(lane, "somebody", lambda _: None)
    assert {row.learning_object_id for row in unmapped(store)} == set(wanted)


def test_table_json_and_csv_say_the_same_and_no_cell_is_a_formula(store: Store, run: Any, tmp_path: Any) -> None:
    assert "nothing is unmapped" in run("report", "unmapped").out
    assert run("report", "unmapped", "--json").json == []
    ignored(store, 2, NOTHING_TIED, learning_object_id="=cmd|' /C calc'!A0")
    ignored(store, 1, NOTHING_TIED, learning_object_id="course:1_2")
    found = run("report", "unmapped", "--json").json
    assert [(each["learning_object_id"], each["completions"]) for each in found] == [
        ("=cmd|' /C calc'!A0", 2),
        ("course:1_2", 1),
    ]
    assert run("report", "unmapped", "--csv", str(tmp_path / "r.csv")).code == 0
    with (tmp_path / "r.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["learning_object_id"] for row in rows] == ["'=cmd|' /C calc'!A0", "course:1_2"]
    assert "course:1_2" in run("report", "unmapped").out
    assert run("report", "unmapped", "--since", "1 hour", "--json").json == found
    assert run("report", "unmapped", "--since", "whenever").code == 2
    assert "course:1_2" in run("report", "unmapped", "--csv", "-").out


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    assert escaped(cell) == f"'{cell}"
    assert escaped(f"x{cell}") == f"x{cell}"
    assert escaped(None) == ""


def test_the_report_reads_its_index_alone(store: Store, settings: Settings) -> None:
    ignored(store, 10, NOTHING_TIED, learning_object_id="course:1_2")
    plans = query_plans(store, lambda: list(unmapped(store)))
    assert any("COVERING INDEX events_unmapped" in plan for plan in plans)
