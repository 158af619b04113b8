"""An LMS in its own process: completes courses, answers for its people, and is told of its badges."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.running import TEMPLATE, Home, Running, badges, eventually

COURSE = "forklift-1"
PEOPLE = {
    "ida": {"email": "Ida.Berg@Example.org", "name": "Ida Berg", "locale": "sv-SE"},
    "odd": {"email": "no-address", "name": "Odd One"},
}


@dataclass
class Host:
    """The example LMS over one home. :param project: of its plugin manager."""

    home: Home
    project: str

    def __post_init__(self) -> None:
        self.people = self.home.folder / "people.json"
        self.diary = self.home.folder / "diary.jsonl"
        self.people.write_text(json.dumps(PEOPLE))

    def arguments(self, *more: str) -> list[str]:
        return ["--project", self.project, "--people", str(self.people), "--diary", str(self.diary), *more]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """To its end, which has to be a good one."""
        command = [sys.executable, "-m", "example_lms", *self.arguments(*more)]
        done = subprocess.run(command, env=self.home.environ, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done

    def stay(self, *more: str) -> Running:
        """Until it is killed; it completes first what it was asked to."""
        return self.home.start(*self.arguments("--listen", "300", *more), module="example_lms", listens=r"^listening")

    def notices(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.diary.read_text().splitlines()] if self.diary.exists() else []

    def completes(self, learner: str = "ida", event: str = "e-1") -> tuple[str, ...]:
        return ("--complete", event, learner, COURSE)


@pytest.fixture(params=["badgerelay", "example_lms"])
def project(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A home to copy, connected to a provider whose badge the course earns, and that provider's sandbox."""
    owner = Home(tmp_path_factory.mktemp("sandbox"))
    sandbox = owner.start("sandbox", "credly").url
    _connect(owner, sandbox)
    yield owner.folder, sandbox
    owner.close()


@pytest.fixture
def sandbox(prepared: tuple[Path, str]) -> str:
    """The provider's sandbox, without badges."""
    requests.post(f"{prepared[1]}/_sandbox/reset", timeout=10).raise_for_status()
    return prepared[1]


@pytest.fixture
def provider(prepared: tuple[Path, str], sandbox: str, home: Home) -> str:
    """The same, connected in the home."""
    shutil.copytree(prepared[0], home.folder, dirs_exist_ok=True)
    return sandbox


@pytest.fixture
def host(home: Home, project: str) -> Host:
    return Host(home, project)


def test_a_completion_with_an_address_is_issued_elsewhere_and_the_host_is_told(
    host: Host, home: Home, provider: str
) -> None:
    home.start("worker", listens="badgerelay works")
    host.stay("--email", "ida.berg@example.org", *host.completes())
    (notice,) = eventually(host.notices)
    (badge,) = badges(provider)
    assert (notice["hook"], notice["event"], notice["badge"]) == ("badge_issued", "e-1", badge["id"])
    assert badge["recipient_email"] == "ida.berg@example.org"
    assert badge["issuer_earner_id"] == "example-lms:ida"


def test_a_completion_without_an_address_asks_the_host(host: Host, home: Home, provider: str) -> None:
    home.start("worker", listens="badgerelay works")
    host.stay(*host.completes())
    (notice,) = eventually(host.notices)
    (badge,) = badges(provider)
    assert notice["badge"] == badge["id"]
    assert badge["recipient_email"] == "ida.berg@example.org"
    assert (badge["issued_to_first_name"], badge["issued_to_last_name"]) == ("Ida", "Berg")


def test_a_host_that_was_killed_is_told_after_its_restart(host: Host, home: Home, provider: str) -> None:
    host.stay("--email", "ida.berg@example.org", *host.completes()).kill()
    home.start("worker", listens="badgerelay works")
    eventually(lambda: badges(provider))
    assert host.notices() == []
    host.stay()
    (notice,) = eventually(host.notices)
    assert notice["event"] == "e-1"
    assert notice["badge"] == badges(provider)[0]["id"]


def test_a_question_that_nobody_was_there_to_answer_is_asked_after_a_restart(
    host: Host, home: Home, provider: str
) -> None:
    home.start("worker", listens="badgerelay works")
    host.run(*host.completes())
    (event,) = eventually(lambda: [e for e in home.json("events", "list") if e["state"] in ("waiting", "done")])
    if event["state"] == "waiting":
        assert "e-mail" in event["reason"]
    host.stay()
    eventually(host.notices)
    assert len(badges(provider)) == 1


def test_a_host_that_fails_to_take_the_news_is_told_again(host: Host, provider: str) -> None:
    running = host.stay("--engine", "--stumbles", "2", *host.completes())
    (notice,) = eventually(host.notices)
    assert notice["hook"] == "badge_issued"
    assert len(badges(provider)) == 1
    assert running.log.read_text().count("badge_issued raised OSError") == 2


def test_the_same_course_again_is_the_same_badge(host: Host, provider: str) -> None:
    host.run(*host.completes(event="e-1"), *host.completes(event="e-1"), *host.completes(event="e-2"))
    host.stay("--engine", *host.completes(event="e-1"))
    eventually(host.notices)
    eventually(lambda: {e["state"] for e in host.home.json("events", "list")} == {"done"})
    assert len(host.home.json("events", "list")) == 2
    assert len(badges(provider)) == 1


def test_a_refused_badge_is_told_with_its_reason(host: Host, home: Home, provider: str) -> None:
    host.stay("--engine", *host.completes("odd"))
    (notice,) = eventually(host.notices)
    assert notice["hook"] == "badge_rejected"
    assert notice["badge"] is None
    assert notice["reason"]
    assert badges(provider) == []


@pytest.fixture(params=["postgresql", "a file in the way", "a folder in the way"])
def gone(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that cannot be opened."""
    if request.param == "postgresql":
        return "postgresql+psycopg://nobody@127.0.0.1:1/none"
    if request.param == "a folder in the way":
        return f"sqlite:///{tmp_path}"
    (tmp_path / "file").touch()
    return f"sqlite:///{tmp_path / 'file' / 'badgerelay.db'}"


def test_without_a_database_the_host_goes_on_and_the_log_says_so(host: Host, home: Home, gone: str) -> None:
    home.environ["BADGERELAY_DATABASE_URL"] = gone
    done = host.run(*host.completes(event="e-1"), *host.completes(event="e-2"))
    assert done.stdout.count(f"register book: ida completed {COURSE}") == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR badgerelay.hooks: ")]
    assert ["'e-1'" in errors[0], "'e-2'" in errors[1], len(errors)] == [True, True, 2]
    assert "Traceback" not in done.stderr


def test_a_host_that_started_without_a_database_takes_part_once_there_is_one(
    host: Host, home: Home, sandbox: str, tmp_path: Path
) -> None:
    obstacle = tmp_path / "data"
    obstacle.touch()
    home.environ["BADGERELAY_DATABASE_URL"] = f"sqlite:///{obstacle / 'badgerelay.db'}"
    running = host.stay("--engine", *host.completes(event="lost"))
    obstacle.unlink()
    _connect(home, sandbox)
    host.run(*host.completes(event="kept"))
    (notice,) = eventually(host.notices)
    assert notice["event"] == "kept"
    assert len(badges(sandbox)) == 1
    assert "Traceback" not in running.log.read_text()


@pytest.mark.services
def test_on_postgresql_the_host_and_a_worker_share_the_work(
    postgresql_home: Home, sandbox: str, project: str
) -> None:
    home = postgresql_home
    home.run("db", "upgrade")
    _connect(home, sandbox)
    host = Host(home, project)
    home.start("worker", listens="badgerelay works")
    host.stay(*host.completes()).kill()
    host.stay()
    (notice,) = eventually(host.notices)
    assert notice["badge"] == badges(sandbox)[0]["id"]
    assert len(badges(sandbox)) == 1


def _connect(home: Home, provider: str) -> None:
    home.connect_to(provider, None)
    home.run("rules", "add", "--learning-object", COURSE, "--template", TEMPLATE, "--connection", "academy")
