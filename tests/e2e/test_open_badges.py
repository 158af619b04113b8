"""An issuer of our own, as its administrator would run it; and workers that are killed while they issue."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from openbadgeslib.ob3.ldp import OB3LdpVerifier

from badgerelay.plugin.runtime.settings import read_settings
from badgerelay.plugin.store import open_store

from .running import TEMPLATE, Home, badges, end_group, eventually

PEOPLE = 400
COMPLETIONS = """
import datetime, pluggy
from badgerelay import register
from badgerelay.hooks import CourseCompleted, Learner, LearningObject
manager = pluggy.PluginManager("badgerelay")
relay = register(manager, source="tiny-lms")
for number in range(int({amount})):
    learner = Learner(id=f"u{{number}}", email=f"learner{{number}}@example.org", name="Ines Moreau")
    course = LearningObject(kind="course", id="course-1")
    now = datetime.datetime.now(datetime.UTC)
    for event in (f"a{{number}}", f"b{{number}}"):
        manager.hook.course_completed(event=CourseCompleted(
            id=event, source="tiny-lms", occurred_at=now, learner=learner, learning_object=course, passed=True))
relay.close()
"""


@pytest.fixture
def issuer(home: Home) -> Home:
    """The connection ``campus``, where course-1 earns the badge ``graph-101``."""
    home.environ["BADGERELAY_PUBLIC_URL"] = "http://127.0.0.1:8080"
    said = home.run("connect", "openbadges", "campus", "--issuer-name", "Example Academy").stdout
    assert "connected: openbadges campus: Example Academy (did:key:z6Mk" in said
    options = ("--name", "Graphs", "--description", "Completed the course.", "--criteria", "Finish it.")
    home.run("templates", "make", "campus", "graph-101", *options)
    home.run("rules", "add", "--learning-object", "course-1", "--connection", "campus", "--template", "graph-101")
    return home


def complete(home: Home, amount: int) -> None:
    """So many learners complete the course, and the LMS says it of each twice."""
    code = COMPLETIONS.format(amount=amount)
    subprocess.run([sys.executable, "-c", code], env=home.environ, check=True, timeout=120)


@contextmanager
def working(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, which is killed in the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "badgerelay", "worker"],
        env=home.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end_group(process.pid)
        process.wait()


def kept(home: Home) -> dict[str, Any]:
    """All badges that were made, by id."""
    store = open_store(read_settings(home.environ))
    try:
        records = store.records("campus", "openbadges")
        return {record.key: json.loads(record.value) for record in records.listed("badge")}
    finally:
        store.close()


def test_a_completion_becomes_a_badge_that_others_verify(issuer: Home) -> None:
    complete(issuer, 1)
    relay = issuer.start("serve", "--port", "0")
    (award,) = eventually(lambda: [each for each in issuer.json("awards", "list") if each["state"] == "issued"], 30)
    url = f"{relay.url}/public/campus/credentials/{award['badge_id']}"
    assert "Valid: signed by the issuer" in requests.get(url, timeout=30).text
    credential = requests.get(url, headers={"Accept": "application/json"}, timeout=30).json()
    assert OB3LdpVerifier().verify(json.dumps(credential)).id == credential["id"]
    why = issuer.run("awards", "why", "1").stdout
    assert f"/public/campus/credentials/{award['badge_id']}" in why
    issuer.run("awards", "revoke", "1", "--because", "a mistake", "--yes")
    eventually(lambda: "Revoked by the issuer" in requests.get(url, timeout=30).text, 30)
    assert "key 2 signs" in issuer.run("connections", "rotate-key", "campus", "--yes").stdout
    assert issuer.run("connections", "rotate-key", "nobody", "--yes", ok=False).returncode == 1
    relay.stop()


def test_one_completion_is_a_badge_at_two_providers_and_neither_waits_for_the_other(issuer: Home) -> None:
    provider = issuer.start("sandbox", "credly").url
    issuer.connect_to(provider, None)
    badges_of = (
        "--connection",
        "academy",
        "--template",
        TEMPLATE,
        "--connection",
        "campus",
        "--template",
        "graph-101",
    )
    said = issuer.run("rules", "add", "--learning-object", "course-1", *badges_of).stdout
    assert "added: course-1 earns 'LOTO Basics' of academy" in said
    requests.put(f"{provider}/_sandbox/faults", data="500=1", timeout=5).raise_for_status()
    complete(issuer, 1)
    issuer.start("serve", "--port", "0")

    def states() -> dict[str, str]:
        return {each["connection"]: each["state"] for each in issuer.json("awards", "list")}

    eventually(lambda: states() == {"campus": "issued", "academy": "waiting"}, 30)
    assert len(kept(issuer)) == 1
    requests.put(f"{provider}/_sandbox/faults", data="", timeout=5).raise_for_status()
    eventually(lambda: set(states().values()) == {"issued"}, 60)
    assert (len(badges(provider)), len(kept(issuer))) == (1, 1)


def test_workers_that_are_killed_make_each_badge_once(issuer: Home) -> None:
    issuer.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    complete(issuer, PEOPLE)
    for seen in (1, PEOPLE // 3, 2 * PEOPLE // 3):
        with working(issuer), working(issuer):
            eventually(lambda seen=seen: len(kept(issuer)) >= seen, 120)  # type: ignore[misc]
    with working(issuer):
        eventually(
            lambda: {each["state"] for each in issuer.json("awards", "list", "--limit", "1000")} == {"issued"}, 120
        )
        time.sleep(0.5)  # whatever would make one too many would do it now
    made = kept(issuer)
    awards = issuer.json("awards", "list", "--limit", "1000")
    assert len(awards) == PEOPLE
    assert {award["badge_id"] for award in awards} == set(made)
    assert len({badge["earner"] for badge in made.values()}) == PEOPLE
    assert len({badge["position"] for badge in made.values()}) == PEOPLE
