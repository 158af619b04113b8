from __future__ import annotations

from collections.abc import Callable

import pytest

from badgerelay.plugin.reports.reasons import ReasonLine, count_reasons, summary_of
from badgerelay.plugin.sources.decisions import Ignores
from badgerelay.plugin.store import Store

from ...support import Ran, run_here
from .test_unmapped import ignored


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., Ran]:
    return lambda *arguments: run_here(*arguments, environ=environ)


def test_reasons_that_differ_in_their_ids_are_one_line_and_the_most_frequent_comes_first(store: Store) -> None:
    ignored(store, 1, Ignores("completed without passing"))
    ignored(store, 2, Ignores("the course 17 has no badge"))
    ignored(store, 3, Ignores("the course 18 has no badge"))
    ignored(store, 4, Ignores("no rule"), connection="", source="lms")
    assert count_reasons(store) == [
        ReasonLine("event", "acme", "ignored", "the course has no badge", 5),
        ReasonLine("event", "lms", "ignored", "no rule", 4),
        ReasonLine("event", "acme", "ignored", "completed without passing", 1),
    ]


@pytest.mark.parametrize(
    ("reason", "summary"),
    [
        ("the e-mail address 'rosa@example.org' is not valid", "the e-mail address is not valid"),
        ("ALM answers 404 (https://alm.example/users/1)", "ALM answers"),
        ("word " * 40, "word " * 11 + "word"),
        ("12345", ""),
    ],
)
def test_a_summary_names_no_person_and_no_id(reason: str, summary: str) -> None:
    assert summary_of(reason) == summary


def test_the_command_prints_a_table_and_json(store: Store, run: Callable[..., Ran]) -> None:
    assert "nothing waits or was refused" in run("report", "reasons").out
    ignored(store, 2, Ignores("completed without passing"))
    assert "completed without passing" in run("report", "reasons").out
    assert run("report", "reasons", "--json").json == [
        {"kind": "event", "connection": "acme", "state": "ignored", "reason": "completed without passing", "rows": 2}
    ]
