"""A separate, installed LMS loads badgerelay in its own process, with our project name and with its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.running import TEMPLATE, Home, badges, eventually

COURSE = "welding-1"


class Lms:
    def __init__(self, home: Home, project: str) -> None:
        self.home = home
        self.project = project
        self.diary = home.folder / "diary.jsonl"
        self.people = home.folder / "people.json"
        self.people.write_text(json.dumps({"ida": {"email": "Ida.Berg@example.org", "name": "Ida Berg"}}))

    def arguments(self, *more: str) -> list[str]:
        return ["--project", self.project, "--people", str(self.people), "--diary", str(self.diary), *more]

    def run(self, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "example_lms", *self.arguments(*more)],
            env={**self.home.environ, **environ},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.diary.read_text().splitlines()] if self.diary.exists() else []


@pytest.fixture(params=["badgerelay", "example_lms"])
def lms(home: Home, request: pytest.FixtureRequest) -> Lms:
    provider = home.start("sandbox", "credly").url
    home.connect_to(provider, None)
    home.run("rules", "add", "--learning-object", COURSE, "--template", TEMPLATE, "--connection", "academy")
    home.environ["PROVIDER"] = provider
    return Lms(home, request.param)


def test_a_host_that_is_gone_is_told_after_its_restart_of_a_badge_that_a_worker_issued(lms: Lms) -> None:
    said = lms.run("--complete", "c-1", "kai", COURSE, "--email", "kai@example.org")
    assert "completed c-1" in said.stdout
    assert lms.told() == []
    lms.home.start("worker", listens="badgerelay works")
    eventually(lambda: badges(lms.home.environ["PROVIDER"]))
    assert lms.told() == []
    lms.run("--listen", "3")
    told = lms.told()
    assert {line["event"] for line in told} == {"c-1"}
    assert told[0]["badge"] == badges(lms.home.environ["PROVIDER"])[0]["id"]


def test_a_host_is_asked_for_the_address_and_issues_with_its_own_engine(lms: Lms) -> None:
    lms.run("--engine", "--complete", "c-2", "ida", COURSE, "--complete", "c-3", "ida", COURSE, "--listen", "5")
    (badge,) = badges(lms.home.environ["PROVIDER"])
    assert badge["recipient_email"] == "ida.berg@example.org"
    assert badge["issuer_earner_id"] == "example-lms:ida"
    assert [line["hook"] for line in lms.told()] == ["badge_issued"]


@pytest.mark.parametrize(
    "url", ["sqlite:////proc/nowhere/badgerelay.db", "postgresql+psycopg://nobody@127.0.0.1:9/none"]
)
def test_with_the_database_gone_the_host_goes_on_and_the_log_says_so(home: Home, url: str) -> None:
    lms = Lms(home, "example_lms")
    said = lms.run("--complete", "c-4", "ida", COURSE, BADGERELAY_DATABASE_URL=url)
    assert "completed c-4" in said.stdout
    assert "register book: ida completed" in said.stdout
    assert "ERROR badgerelay.hooks: event 'c-4'" in said.stderr
    assert "Traceback" not in said.stderr
