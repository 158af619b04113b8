"""Migration runs: each imported file becomes one event, in every format of ALM's answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.plugin.sources.alm.api.errors import FailedRequestError, UnknownRecordError
from badgerelay.plugin.sources.alm.api.migration_status import parse_status
from badgerelay.plugin.sources.alm.decide.learning_objects import KINDS
from badgerelay.plugin.sources.alm.polls.migration_runs import (
    OVER_QUIET_SECONDS,
    QUIET_SECONDS,
    follow_runs,
    request_status,
    take,
)
from badgerelay.plugin.store import Connection, Store
from badgerelay.plugin.store.schema.tables import migration_runs

from .....support import connect_alm, connect_credly, due_lanes

SHAPES = ["jobs", "texts", "wrapped", "resources"]


class Account:
    """ALM's sandbox with a migration run, and the connection to it."""

    def __init__(self, store: Store, url: str) -> None:
        self.store, self.url = store, url
        connect_alm(store, url)

    @property
    def connection(self) -> Connection:
        found = self.store.connections.get("acme")
        assert found is not None
        return found

    def start(self, *files: str) -> str:
        answer = requests.post(f"{self.url}/_sandbox/migrations", json={"files": files}, timeout=10)
        return str(answer.json()["sprintRunId"])

    def drive(self, run: str, file: str | None = None, state: str | None = None) -> None:
        change = {"file": file, "state": state}
        requests.post(f"{self.url}/_sandbox/migrations/{run}", json=change, timeout=10).raise_for_status()

    def follow(self, run: str) -> int:
        return self.store.migration_runs.follow("acme", "310", "52001", run, self.store.now())

    def poll(self) -> str:
        return follow_runs(self.store, self.connection)

    def state(self, number: int) -> str:
        run = self.store.migration_runs.get(number)
        assert run is not None
        return str(run.state)

    def files(self) -> list[str]:
        events = [event for event in self.store.views.events() if event["kind"] == "CSV_IMPORTED"]
        return sorted(json.loads(event["payload"])["file"] for event in events)


@pytest.fixture
def account(store: Store, serve_app: Callable[..., str], request: pytest.FixtureRequest) -> Account:
    connect_credly(store, serve_app("credly"))
    return Account(store, serve_app("alm", run_status=getattr(request, "param", "jobs")))


@pytest.mark.parametrize("account", SHAPES, indirect=True)
def test_each_file_is_an_event_once_and_the_run_is_followed_to_its_end(account: Account) -> None:
    run = account.start("badge", "skill", "course")
    number = account.follow(run)
    assert account.poll() == f"310/52001/{run}: 0 of 3 files have ended"
    account.drive(run, "badge", "COMPLETED")
    account.poll()
    account.poll()
    assert account.files() == ["badge"]
    account.drive(run)
    account.drive(run, "course", "FAILED")
    account.poll()
    assert account.state(number) == "followed"
    account.drive(run, "skill", "COMPLETED")
    account.poll()
    assert account.files() == ["badge", "skill"]
    assert account.state(number) == "finished"
    assert account.poll() == "no run is followed"
    (event,) = account.store.views.events_called(f"migration:310/52001/{run}:badge")
    assert event["state"] == "done"
    assert event["reason"] == f"badge.csv was taken in by ALM, in the migration run 310/52001/{run}"


def test_following_a_run_again_reports_nothing_twice(account: Account) -> None:
    run = account.start("badge")
    number = account.follow(run)
    account.drive(run, state="COMPLETED")
    account.poll()
    assert account.follow(run) == number
    assert account.state(number) == "followed"
    account.poll()
    assert account.files() == ["badge"]


def test_a_crash_between_event_and_mark_reports_nothing_twice(account: Account) -> None:
    run = account.start("badge")
    account.follow(run)
    account.drive(run, state="COMPLETED")
    (kept,) = account.store.migration_runs.followed()
    status = request_status(account.store, account.connection, "310", "52001", run)
    for _ in range(2):
        take(account.store, account.connection, kept, status)
    assert account.files() == ["badge"]


def test_badges_are_asked_for_again_and_skills_polled_after_their_files(account: Account) -> None:
    store, run = account.store, account.start("user_skill", "badge")
    account.follow(run)
    store.schedule.arrange({("acme", "skills"): 900.0}, ["skills"], store.now())
    cache = store.cache("acme")
    for kind in KINDS:
        cache.put(kind, {"place": {"id": "1"}}, store.now())
    cache.put("learner", {"1": {"id": "1"}}, store.now())
    account.drive(run, "user_skill", "COMPLETED")
    account.poll()
    assert all(cache.get(kind, ["place"], newer_than=0.0) for kind in KINDS)
    account.drive(run, "badge", "COMPLETED")
    account.poll()
    assert not any(cache.get(kind, ["place"], newer_than=0.0) for kind in KINDS)
    assert cache.get("learner", ["1"], newer_than=0.0)
    assert due_lanes(store, "tend", store.now(), tasks=["skills"]) == ["acme"]


def test_a_run_that_alm_does_not_know_is_refused_and_delays_no_other(account: Account) -> None:
    with pytest.raises(UnknownRecordError):
        request_status(account.store, account.connection, "310", "52001", "77")
    account.follow("77")
    with pytest.raises(UnknownRecordError):
        account.poll()
    run = account.start("badge")
    number = account.follow(run)
    account.drive(run, state="COMPLETED")
    refused, answered = account.poll().split("; ")
    assert refused.startswith("310/52001/77: ALM")
    assert answered == f"310/52001/{run}: 1 of 1 files have ended"
    assert account.files() == ["badge"]
    (left,) = account.store.migration_runs.followed("acme")
    assert (left.run_id, f"310/52001/77: {left.said}") == ("77", refused)
    assert account.store.migration_runs.followed("elsewhere") == []
    assert account.state(number) == "finished"


def test_a_run_without_news_is_given_up(account: Account) -> None:
    known, unknown = account.follow(account.start("badge")), account.follow("77")
    age(account.store, QUIET_SECONDS + 60)
    account.poll()
    assert account.state(unknown) == "stopped"
    assert account.state(known) == "followed"  # its first answer is news
    age(account.store, QUIET_SECONDS + 60)
    account.poll()
    assert account.state(known) == "stopped"


def test_a_run_that_is_over_with_a_job_in_an_unknown_state_ends_soon(account: Account) -> None:
    run = account.start("badge")
    number = account.follow(run)
    account.drive(run, "badge", "MYSTERIOUS")
    account.poll()
    assert account.state(number) == "followed"
    age(account.store, OVER_QUIET_SECONDS + 60)
    account.poll()
    assert account.state(number) == "finished"


def test_a_run_that_was_stopped_meanwhile_stays_so(account: Account) -> None:
    number = account.follow(account.start("badge"))
    (kept,) = account.store.migration_runs.followed()
    assert account.store.migration_runs.stop(number, "enough")
    assert not account.store.migration_runs.stop(number, "again")
    status = request_status(account.store, account.connection, "310", "52001", kept.run_id)
    take(account.store, account.connection, kept, status)
    assert account.state(number) == "stopped"


def age(store: Store, seconds: float) -> None:
    with store.database.write() as transaction:
        transaction.execute(migration_runs.update().values(changed_at=migration_runs.c.changed_at - seconds))


@pytest.mark.parametrize(
    ("state", "completed", "ended"),
    [
        ("COMPLETED", True, True),
        ("completed", True, True),
        ("WAITING_IN_QUEUE", False, False),
        ("IN_PROGRESS", False, False),
        ("NOT_COMPLETED", False, False),
        ("FAILED", False, True),
        ("COMPLETED_WITH_ERRORS", False, True),
        ("ABORTED", False, True),
        ("", False, False),
        ("SOMETHING_NEW", False, False),
    ],
)
def test_a_state_is_read_by_its_words(state: str, completed: bool, ended: bool) -> None:
    (job,) = parse_status({"anything": [{"objectName": "badge.csv", "jobState": state}]}).jobs
    assert (job.file, job.completed, job.ended) == ("badge", completed, ended)


def test_what_alm_calls_links_is_kept_as_text_that_no_terminal_obeys() -> None:
    job = {"objectName": "a", "jobState": "b", "errorLogLink": "http://169.254.169.254/\x1b[2J", "errorCsvLink": None}
    (parsed,) = parse_status({"jobs": [job]}).jobs
    assert parsed.error_log == "http://169.254.169.254/?[2J"
    assert parsed.error_csv == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["jobs", "objectName", "jobState", "id", "endTime", "sequenceNumber", "attributes", "x"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(json_values)
def test_any_answer_is_a_status_or_not_understood(document: Any) -> None:
    try:
        status = parse_status(document)
    except FailedRequestError:
        assert not isinstance(document, dict)
        return
    assert not status.ended or status.jobs
    assert all((job.file + job.state + job.error_log + "x").isprintable() for job in status.jobs)
