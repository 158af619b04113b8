"""A third-party developer: a new distribution, installed beside the wheel, tested, connected, used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .building import environment, run

HOST = """\
import threading
from datetime import UTC, datetime
import pluggy
from badgerelay import register
from badgerelay.hooks import CourseCompleted, Learner, LearningObject, hookimpl

notified = threading.Event()


class Plugin:
    @hookimpl
    def badge_issued(self, award):
        print("issued", award.badge_url)
        notified.set()


manager = pluggy.PluginManager("badgerelay")
manager.register(Plugin())
relay = register(manager, source="lms", engine=True)
learner = Learner("l-1", "rosa@example.org", "Rosa Ruiz")
event = CourseCompleted("1", "lms", datetime.now(UTC), learner, LearningObject("course", "c-1"), passed=True)
manager.hook.course_completed(event=event)
assert notified.wait(30)
relay.close()
"""


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """:param made: the folder that ``adapter new`` wrote. :param bin: where it is installed."""

    made: Path
    bin: Path


@pytest.fixture(scope="module")
def third_party(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> ThirdParty:
    folder = tmp_path_factory.mktemp("third_party")
    run(sys.executable, "-m", "badgerelay", "adapter", "new", "rosette", cwd=folder)
    made = folder / "badgerelay-rosette"
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, made)
    (wheel,) = folder.glob("*.whl")
    return ThirdParty(made, environment(folder / "environment", distributions[1], f"{wheel}[test]"))


def test_it_passes_its_tests_as_it_was_written(third_party: ThirdParty) -> None:
    said = run(third_party.bin / "python", "-m", "pytest", "-q", "-W", "error", cwd=third_party.made).stdout
    assert "48 passed, 2 skipped" in said


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("BADGERELAY", "PYTHON"))}
    return {**kept, "BADGERELAY_HOME": str(tmp_path / "home")}


@pytest.fixture
def declared(third_party: ThirdParty, environ: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """The TOML that its sandbox proposes; the sandbox runs."""
    command = [str(third_party.bin / "badgerelay"), "sandbox", "rosette"]
    with subprocess.Popen(
        command, env={**environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout is not None
        lines = [ran.stdout.readline() for _ in range(5)]
        file = tmp_path / "rosette.toml"
        file.write_text("".join(lines))
        yield file
        ran.terminate()


def test_a_completion_is_issued_through_it(third_party: ThirdParty, declared: Path, environ: dict[str, str]) -> None:
    def command(*arguments: str | Path) -> str:
        done = subprocess.run(
            [third_party.bin / arguments[0], *arguments[1:]], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "rosette" in command("badgerelay", "connect", "--help")
    assert "connected: rosette academy: Riverbank Academy" in command("badgerelay", "connect", "--from", declared)
    rule = ("--learning-object", "c-1", "--template", "t-1", "--connection", "academy", "--source", "lms")
    command("badgerelay", "rules", "add", *rule)
    assert "issued http://127.0.0.1" in command("python", "-c", HOST)
    assert "issued" in command("badgerelay", "awards", "list")


def test_without_pytest_its_check_says_what_to_install(
    distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]
) -> None:
    path = environment(tmp_path_factory.mktemp("bare"), distributions[1])
    done = subprocess.run(
        [path / "badgerelay", "adapter", "check", "credly"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "badgerelay[kit]" in done.stderr
    assert "Traceback" not in done.stderr
