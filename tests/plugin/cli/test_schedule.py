"""What is done from time to time, as an administrator sees and orders it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from badgerelay.plugin.store import Store

from ...support import COURSE_TEMPLATE, Ran, connect_alm, connect_credly

Run = Callable[..., Ran]


def change(credly: str, what: str, template: str = COURSE_TEMPLATE, **body: str) -> None:
    answer = requests.post(f"{credly}/_sandbox/templates/{template}/{what}", json=body, timeout=10)
    answer.raise_for_status()


def test_the_schedule_is_listed_with_the_intervals_of_the_settings(
    store: Store, credly: str, alm: str, connected: None, run: Run
) -> None:
    rows = {(row["connection"], row["task"]): row for row in run("schedule", "list", "--json").json}
    assert {key: row["every"] for key, row in rows.items()} == {
        ("academy", "templates"): "1 hour",
        ("acme", "skills"): "15 minutes",
    }
    assert {row["state"] for row in rows.values()} == {"waits"}
    assert {row["outcome"] for row in rows.values()} == {None}
    connect_credly(store, credly, templates_every="2 days")
    connect_alm(store, alm, skills_every="off")
    (row,) = run("schedule", "list", "--json").json
    assert (row["task"], row["every"], row["every_seconds"]) == ("templates", "2 days", 172800)
    store.connections.pause(["academy"], store.now())
    assert "paused" in run("schedule", "list").out


@pytest.mark.parametrize("value", ["often", "0 minutes", "5 seconds", ""])
def test_an_interval_that_is_none_is_refused_with_the_form(credly: str, run: Run, value: str) -> None:
    given = ["--organization-id", "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001", "--host", credly, "--token-env", "TOKEN"]
    ran = run(
        "connect", "credly", "academy", *given, "--templates-every", value, extra={"TOKEN": "SIMULATOR-TOKEN-0001"}
    )
    assert ran.code == 2
    assert 'templates_every: Must be minutes, hours, days or weeks, such as "15 minutes", or "off".' in ran.err


def test_a_synchronization_says_what_changed_and_rules_that_suffer_are_flagged(
    credly: str, connected: None, run: Run
) -> None:
    assert run("templates", "sync").out == "academy: 8 badge templates\n"
    add = ("rules", "add", "--learning-object", "course:1", "--connection", "academy", "--template")
    assert run(*add, COURSE_TEMPLATE).code == 0
    (rule,) = run("rules", "list", "--json").json
    assert rule["trouble"] is None
    change(credly, "archive")
    change(credly, "rename", name="LOTO Basics 2")
    ran = run("templates", "sync", "academy")
    assert f"badge template 'LOTO Basics 2' ({COURSE_TEMPLATE}) was active and is archived" in ran.out
    assert "was called 'LOTO Basics'" in ran.out
    (rule,) = run("rules", "list", "--json").json
    assert rule["trouble"] == "its badge template is archived at the provider"
    assert run(*add, COURSE_TEMPLATE).err == (
        f"badgerelay: the badge template '{COURSE_TEMPLATE}' is archived: only active templates can be issued\n"
    )
    changes = run("templates", "changes", "--connection", "academy", "--json").json
    assert [row["change"] for row in changes] == ["renamed", "archived"]
    assert (changes[0]["before"], changes[0]["after"]) == ("LOTO Basics", "LOTO Basics 2")
    shown = {row["template_id"]: row for row in run("templates", "list", "--json").json}
    assert (shown[COURSE_TEMPLATE]["state"], shown[COURSE_TEMPLATE]["change"]) == ("archived", "renamed")
    assert run("templates", "changes", "--connection", "other").out == "no changes\n"


def test_a_list_that_lacks_most_is_an_error_until_it_is_accepted(credly: str, connected: None, run: Run) -> None:
    run("templates", "sync")
    for row in run("templates", "list", "--json").json:
        change(credly, "delete", row["template_id"])
    ran = run("templates", "sync")
    assert ran.code == 1
    assert "the provider lists 0 badge templates where the catalogue has 8: nothing was changed" in ran.err
    assert run("templates", "sync", "--accept-missing").code == 0
    assert {row["state"] for row in run("templates", "list", "--json").json} == {"deleted"}


def test_skills_are_polled_by_hand(alm: str, connected: None, run: Run) -> None:
    assert run("skills", "poll").out == "acme: 1 skill known; what comes later is new\n"
    requests.post(f"{alm}/_sandbox/skills", json={"name": "Fork\x1b[2Jlifts", "badgeId": "4411"}, timeout=10)
    ran = run("skills", "poll", "acme")
    assert ran.out == "acme: 2 skills, 1 new\n  240111 Fork [2Jlifts: 1 level, 1 with a badge\n"
    (polled,) = run("skills", "poll", "--json").json
    assert polled == {"connection": "acme", "skills": 2, "learned": False, "new": []}
    (event,) = run("events", "list", "--json").json
    assert event["kind"] == "SKILL_CREATED"
    assert run("skills", "poll", "academy").code == 1


def test_connecting_an_account_learns_its_skills(
    store: Store, credly: str, alm: str, run: Run, tmp_path: Path
) -> None:
    connect_credly(store, credly)
    file = tmp_path / "alm.toml"
    file.write_text(
        f'[[alm]]\nname = "acme"\naccount_id = "70412"\nhost = "{alm}"\nclient_id = "sandbox-client"\n'
        'client_secret = "sandbox-secret"\nrefresh_token = "sandbox-refresh"\nprovider = "academy"\n'
        'webhook_username = "alm"\nwebhook_password = "s3cret-password"\n'
    )
    ran = run("connect", "--from", str(file))
    assert ran.out == "connected: alm acme: 70412, 1 skill\n"
    assert run("connect", "--from", str(file)).out == "unchanged: alm acme: 70412\n"


def test_a_migration_run_is_watched_listed_and_stopped(store: Store, alm: str, connected: None, run: Run) -> None:
    ids = requests.post(f"{alm}/_sandbox/migrations", json={"files": ["badge", "skill"]}, timeout=10).json()
    number = ids["sprintRunId"]
    given = ("--project", ids["migrationProjectId"], "--sprint", ids["sprintId"], "--run", number)
    ran = run("migrations", "watch", "acme", *given)
    assert ran.code == 0, ran.err
    assert f"run 1 (310/52001/{number}): 0 of 2 files have ended" in ran.out
    assert "badge: WAITING_IN_QUEUE (ALM names migration/70412/310/52001/9/badge_err.csv)" in ran.out
    assert ("acme", "migrations") in {(row.connection, row.task) for row in store.schedule.all()}
    (listed,) = run("migrations", "list", "--json").json
    assert [job["file"] for job in listed["jobs"]] == ["badge", "skill"]
    assert "badge waiting_in_queue, skill waiting_in_queue" in run("migrations", "list").out
    assert run("migrations", "stop", "1").out == "run 1 is stopped\n"
    assert "migrations" not in {row.task for row in store.schedule.all()}
    assert run("migrations", "stop", "1").code == 1
    requests.post(f"{alm}/_sandbox/migrations/{number}", json={"state": "COMPLETED"}, timeout=10)
    ran = run("migrations", "watch", "acme", *given, "--wait")
    assert ran.out.endswith("run 1 is finished\n")
    assert sorted(json.loads(each["payload"])["file"] for each in store.views.events()) == ["badge", "skill"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("acme", "--project", "310", "--sprint", "52001", "--run", "77"), 1, "ALM does not know the migration run"),
        (("academy", "--project", "310", "--sprint", "52001", "--run", "9"), 1, "no source connection 'academy'"),
        (("acme", "--project", "../x", "--sprint", "52001", "--run", "9"), 2, "must be a number"),
        (("acme", "--project", "310", "--run", "9"), 2, "--sprint"),
    ],
)
def test_a_run_that_cannot_be_watched_is_refused_and_not_kept(
    store: Store, connected: None, run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = run("migrations", "watch", *arguments)
    assert ran.code == code
    assert said in ran.err
    assert store.migration_runs.all() == []
