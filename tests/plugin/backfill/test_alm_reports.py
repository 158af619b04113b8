"""A backfill without a file: ALM makes the transcript, and the list of users that resolves its addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from badgerelay.plugin.sources.alm.api import jobs
from badgerelay.plugin.store import Store

from ...support import badges, connect_alm
from .conftest import FIRST, line


@pytest.fixture
def alm_with(store: Store, credly: str, serve_app: Callable[..., str]) -> Callable[..., str]:
    """Starts an ALM with these knobs, in which three learners completed two days ago; its address."""

    def start(**knobs: str) -> str:
        url = serve_app("alm", **{"learners": "300", "job_seconds": "0", **knobs})
        connect_alm(store, url)
        for learner in (FIRST, FIRST + 1, FIRST + 2):
            options = {"userId": str(learner), "dateCompleted": moment(-2)}
            requests.post(f"{url}/_sandbox/complete", json=options, timeout=10).raise_for_status()
        return url

    return start


def moment(days: int) -> str:
    when = datetime.now(UTC) + timedelta(days=days)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(days: int) -> str:
    return moment(days)[:10]


def asked(alm: str) -> dict[str, int]:
    return dict(requests.get(f"{alm}/_sandbox/requests", timeout=10).json()["requests"])


def test_alm_makes_the_transcript_and_the_list_of_users(
    store: Store, alm_with: Callable[..., str], credly: str, run: Any
) -> None:
    alm = alm_with()
    done = run("backfill", "acme", "--from", day(-7), "--yes", "--json")
    assert done.code == 0, done.err
    assert (done.json["origin"], done.json["state"]) == ("ALM's learner transcript", "done")
    assert done.json["badges"] == {"issued": 3}
    assert len(badges(credly)) == 3
    assert {award["learner_id"] for award in store.views.awards()} == {str(FIRST + each) for each in range(3)}
    assert asked(alm)["POST /jobs"] == 2
    assert "GET /users/<user_id>" not in asked(alm)  # the list had all of them


def test_completions_outside_the_time_are_not_asked_for(alm_with: Callable[..., str], run: Any) -> None:
    alm_with()
    done = run("backfill", "acme", "--from", day(-30), "--to", day(-20), "--dry-run", "--json")
    assert done.code == 0, done.err
    assert (done.json["state"], done.json["badges"]) == ("planned", {})


def test_without_a_first_day_or_for_a_host_alm_is_not_asked(alm_with: Callable[..., str], run: Any) -> None:
    alm_with()
    no_day = run("backfill", "acme", "--dry-run")
    assert (no_day.code, "--from" in no_day.err) == (2, True)
    host = run("backfill", "--source", "moodle", "--dry-run")
    assert (host.code, "needs a file" in host.err) == (2, True)


def test_a_refusal_of_alm_is_reported_and_leaves_nothing_behind(
    store: Store, alm_with: Callable[..., str], run: Any
) -> None:
    alm_with(jobs="forbidden")
    done = run("backfill", "acme", "--from", day(-7), "--dry-run")
    assert (done.code, "scope admin:write" in done.err) == (1, True)
    assert store.backfills.all() == []


def test_an_interrupted_one_goes_on_with_the_job_that_was_started(
    store: Store, alm_with: Callable[..., str], run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alm = alm_with()

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "wait_for", interrupted)
        stopped = run("backfill", "acme", "--from", day(-7), "--dry-run")
    assert "badgerelay backfill resume" in stopped.err
    ((number, state),) = [(each.id, each.state) for each in store.backfills.all()]
    assert state == "reading"
    done = run("backfill", "resume", str(number), "--yes", "--json")
    assert done.code == 0, done.err
    assert done.json["badges"] == {"issued": 3}
    assert asked(alm)["POST /jobs"] == 2  # one of each kind


def test_addresses_stay_unknown_where_alm_gives_no_list(
    alm_with: Callable[..., str], run: Any, transcript: Any
) -> None:
    alm_with(jobs="forbidden")
    file = transcript([line("", email="rosa.lindqvist@example.org")])
    done = run("backfill", "acme", "--transcript", file, "--dry-run", "--json")
    assert done.code == 0, done.err
    (reason,) = [each["reason"] for each in done.json["reasons"]]
    assert "give a column User ID" in reason
    assert "scope admin:write" in reason


def test_a_list_is_asked_for_where_many_learners_are_unknown(
    store: Store, alm_with: Callable[..., str], run: Any, transcript: Any
) -> None:
    alm = alm_with(bulk="400")
    file = transcript([line(FIRST + each) for each in range(150)])
    done = run("backfill", "acme", "--transcript", file, "--dry-run", "--json")
    assert done.code == 0, done.err
    assert done.json["badges"] == {"would": 150}
    assert asked(alm)["POST /jobs"] == 1
    assert "GET /users/<user_id>" not in asked(alm)
