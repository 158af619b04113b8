from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from badgerelay.hooks import SkillCreated, SkillLevel
from badgerelay.plugin.rules.skill_badges import take_skill
from badgerelay.plugin.store import Store

from ...support import COURSE, COURSE_TEMPLATE, ROSA, TEMPLATE, Ran, add_rule, completion, delivery
from ..rules.test_skill_badges import WHEN

Run = Callable[..., Ran]
EARNS = ("--template", TEMPLATE, "--connection", "academy")
HOST_EVENT = {
    "id": "c-1",
    "source": "moodle",
    "occurred_at": "2026-03-02T13:05:00+00:00",
    "learner": {"id": "u-1", "email": "ada@example.org"},
    "learning_object": {"kind": "course", "id": "course-1"},
    "passed": True,
    "score": 0.7,
}


@pytest.fixture
def synced(connected: None, run: Run) -> None:
    """The connections of ``connected``, with their templates."""
    assert run("templates", "sync").code == 0


@pytest.mark.usefixtures("synced")
def test_rules_of_every_kind_are_added_listed_and_removed(run: Run) -> None:
    for arguments, wants in (
        (("--learning-object", "a"), "a"),
        (("--learning-object", "a", "--learning-object", "b"), "all of a, b"),
        (("--learning-object", "a", "--skill", "240110:1", "--any"), "any of a, skill:240110:1"),
        (
            ("--learning-object", "a", "--learning-object", "b", "--learning-object", "c", "--at-least", "2"),
            "2 of a, b, c",
        ),
        (("--skill", "skill:7:2", "--any-completion", "--least-score", "0.5"), "skill:7:2 (passed or not, score at"),
    ):
        added = run("rules", "add", *arguments, *EARNS)
        assert added.code == 0, added.err
        assert f"added: {wants}" in added.out
        assert "there already" in run("rules", "add", *arguments, *EARNS).out
    listed = run("rules", "list")
    assert "2 of a, b, c" in listed.out
    assert "'Safe Lab Practice' of academy" in listed.out
    rules = run("rules", "list", "--json").json
    assert [(rule["need"], rule["objects"]) for rule in rules][3] == (2, ["a", "b", "c"])
    assert run("rules", "remove", str(rules[3]["id"])).code == 0
    left = run("rules", "list", "--json").json
    assert left == [*rules[:3], *rules[4:]]
    assert len(left) == 4


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "--learning-object or --skill"),
        (("--learning-object", "a", "--any", "--at-least", "1"), 2, "one of --all, --any and --at-least"),
        (("--learning-object", "a", "--at-least", "2"), 2, "names 1 cannot need 2"),
        (("--learning-object", "a", "--at-least", "0"), 2, "--at-least"),
        (("--learning-object", "a", "--least-score", "80"), 2, "--least-score"),
        (("--skill", "240110"), 2, "'240110' is not a skill's id and level"),
        (("--learning-object", ""), 2, "1 to 255 printable"),
        (("--learning-object", "a", "--source", "x" * 65), 2, "1 to 64 printable"),
        (("--learning-object", "a", "--source", "acme", "--least-score", "0.5"), 1, "have no score"),
        (("--learning-object", "a", "--template", "nope", "--connection", "academy"), 1, "no badge template 'nope'"),
        (("--learning-object", "a", "--template", COURSE_TEMPLATE), 2, "one --connection for each --template"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(arguments: tuple[str, ...], code: int, says: str, run: Run) -> None:
    ran = run("rules", "add", *EARNS, *arguments)
    assert ran.code == code
    assert says in ran.err
    assert run("rules", "list", "--json").json == []


@pytest.mark.usefixtures("synced")
def test_several_badges_for_one_completion_are_added_at_once_or_not_at_all(run: Run) -> None:
    a = ("--learning-object", "a", *EARNS)
    second = ("--template", COURSE_TEMPLATE, "--connection", "academy")
    assert run("rules", "add", *a, "--template", "nope", "--connection", "academy").code == 1
    assert run("rules", "list", "--json").json == []
    assert run("rules", "add", *a).out == "added: a earns 'Safe Lab Practice' of academy\n"
    both = run("rules", "add", *a, *second).out.splitlines()
    assert [line.partition(":")[0] for line in both] == ["there already", "added"]
    assert [rule["template_id"] for rule in run("rules", "list", "--json").json] == [TEMPLATE, COURSE_TEMPLATE]


def tried(run: Run, tmp_path: Path, event: Any, *arguments: str) -> Ran:
    file = tmp_path / "event.json"
    file.write_bytes(event if isinstance(event, bytes) else json.dumps(event).encode())
    return run("rules", "test", str(file), *arguments)


@pytest.mark.usefixtures("synced")
def test_what_would_become_of_a_hosts_event(run: Run, store: Store, tmp_path: Path) -> None:
    nothing = tried(run, tmp_path, HOST_EVENT)
    assert nothing.code == 0
    assert "no rule of moodle or of any source names it" in nothing.out
    add_rule(store, "moodle", ("course-1", "course-2"), "academy", TEMPLATE)
    add_rule(store, "*", "course-1", "academy", COURSE_TEMPLATE, least_score=0.5)
    ran = tried(run, tmp_path, HOST_EVENT)
    assert ran.out.startswith("course_completed c-1 of moodle: earns")
    assert "1 of 2 of rule 1: missing course-2: not met" in ran.out
    assert "would earn 'LOTO Basics' of academy, dated 2026-03-02T13:05:00Z" in ran.out
    assert "ada@example.org" not in ran.out
    assert "carries" not in tried(run, tmp_path, {**HOST_EVENT, "score": None}, "--source", "canvas").err
    skill = {"id": "s", "source": "moodle", "occurred_at": "2026-03-02T13:05:00Z", "skill_id": "7", "name": "Welding"}
    skill["levels"] = [{"level": 1, "badge": TEMPLATE}]  # type: ignore[assignment]
    (trial,) = tried(run, tmp_path, skill, "--json").json
    assert trial["outcome"] == "done"
    assert f"level 1 wired ({TEMPLATE} of academy)" in trial["steps"][-1]
    assert store.skills.all() == []
    assert len(store.rules.all()) == 2
    assert store.views.counts() == {"events": {}, "awards": {}}


@pytest.mark.usefixtures("synced")
def test_what_would_become_of_alms_events(run: Run, store: Store, alm: str, tmp_path: Path) -> None:
    event = completion(eventId="e-1")
    ran = tried(run, tmp_path, event)
    assert ran.code == 0, ran.err
    assert f"COURSE_COMPLETED e-1 of alm:70412, learner {ROSA}, course:8801234_17700456: earns" in ran.out
    assert "by its badge 4410 in ALM" in ran.out
    assert "would earn 'LOTO Basics' of academy" in ran.out
    assert f"asked ALM for learning object {COURSE}, learner {ROSA}" in ran.out
    assert "asked ALM nothing" in tried(run, tmp_path, event).out
    assert "@example.org" not in ran.out
    requests.post(
        f"{alm}/_sandbox/complete", json={"userId": ROSA, "loInstanceId": "course:8801303_17700994"}, timeout=5
    ).raise_for_status()
    skilled = completion(instance="course:8801303_17700994")
    ran = tried(run, tmp_path, delivery(skilled, completion(hasPassed=False)), "--connection", "acme")
    assert "then checks skill:240110:1" in ran.out
    assert "would earn 'Energy Isolation' of academy" in ran.out
    assert "would be ignored: completed without passing" in ran.out
    other = tried(run, tmp_path, delivery(event, account=99999))
    assert "would be ignored: it is of account 99999" in other.out
    assert store.views.counts() == {"events": {}, "awards": {}}


@pytest.mark.usefixtures("synced")
def test_alm_that_does_not_answer_is_said_so(
    run: Run, serve_app: Callable[..., str], store: Store, tmp_path: Path
) -> None:
    from ...support import connect_alm

    broken = serve_app("alm")
    connect_alm(store, broken)
    requests.put(f"{broken}/_sandbox/faults", data="500=1", timeout=5).raise_for_status()
    ran = tried(run, tmp_path, completion())
    assert ran.code == 0
    assert "would wait" in ran.out or "cannot be decided now" in ran.out
    connection = store.connections.get("acme")
    assert connection is not None
    assert connection.failures == 0


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize(
    ("event", "arguments", "says"),
    [
        (b"", (), "not JSON"),
        (b"{", (), "not JSON (line 1, column 2)"),
        (b"\xff\xfe", (), "not JSON"),
        (b"[" * 100_000, (), "not JSON"),
        (b"[1]", (), "not a JSON object"),
        (b" " * (1024 * 1024 + 1), (), "larger than"),
        ({}, (), "no course_completed event of an LMS host"),
        ({**HOST_EVENT, "score": "high"}, (), "score"),
        ({"skill_id": 7}, (), "no skill_created event"),
        (HOST_EVENT, ("--connection", "acme"), "leave out --connection"),
        ({"events": []}, (), "holds no event"),
        ({"events": [{}] * 101}, (), "more than 100 events"),
        ({"eventName": "COURSE_COMPLETED"}, ("--source", "moodle"), "give --connection"),
        ({"eventName": "COURSE_COMPLETED"}, ("--connection", "nobody"), "(known: acme)"),
    ],
)
def test_a_file_that_is_no_event_ends_in_a_sentence(
    event: Any, arguments: tuple[str, ...], says: str, run: Run, tmp_path: Path
) -> None:
    ran = tried(run, tmp_path, event, *arguments)
    assert ran.code == 1
    assert says in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.usefixtures("synced")
def test_events_with_impossible_values_are_told_as_dead(run: Run, tmp_path: Path) -> None:
    ran = tried(run, tmp_path, b'{"eventName": "COURSE_COMPLETED", "eventId": "e", "data": {"userId": NaN}}')
    assert ran.code == 0
    assert "would be dead" in ran.out


def test_a_file_that_is_not_there_is_wrong_use(run: Run, tmp_path: Path) -> None:
    assert run("rules", "test", str(tmp_path / "missing.json")).code == 2


@pytest.mark.usefixtures("synced")
def test_skills_are_listed(run: Run, store: Store) -> None:
    assert run("skills", "list").out.strip() == "no skills yet"
    levels = (SkillLevel(1, badge=TEMPLATE), SkillLevel(2))
    take_skill(store, "", "moodle", SkillCreated("s-1", "moodle", WHEN, "skill-1", "Diving", levels))
    assert "its badge is the template" in run("skills", "list").out
    assert [row["state"] for row in run("skills", "list", "--json").json] == ["wired", "unknown"]
    assert [row["level"] for row in run("skills", "list", "--state", "wired", "--json").json] == [1]
