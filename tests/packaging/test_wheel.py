"""What users install: the wheel, made from the source distribution, in an empty environment without a network."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from .building import ROOT, environment, run

NEED_AN_EXTRA = ("/celery/tasks.py", "/celery/queue.py", "/celery/worker.py")
NEEDS_PYTEST = "badgerelay/adapters/contract/"
ROOMS = ("hooks/", "adapters/", "plugin/")
TOP = {"__init__.py", "_version.py", "__main__.py", "py.typed"}
CONSUMER = """\
from badgerelay.hooks import CourseCompleted, hookimpl

@hookimpl
def course_completed(event: CourseCompleted) -> None:
    reveal_type(event.learner.email)
"""


@pytest.fixture(scope="module")
def names(distributions: tuple[Path, Path]) -> list[str]:
    """The files in the wheel."""
    return zipfile.ZipFile(distributions[1]).namelist()


@pytest.fixture(scope="module")
def installed(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of an environment with nothing but the wheel and what it needs."""
    return environment(tmp_path_factory.mktemp("empty"), distributions[1])


def test_the_wheel_holds_the_three_rooms_to_the_last_file_and_nothing_else(tree: list[str], names: list[str]) -> None:
    ours = {f"badgerelay/{name}" for name in tree if name in TOP or name.startswith(ROOMS)}
    assert {name for name in names if ".dist-info/" not in name} == ours
    assert "badgerelay/py.typed" in ours
    assert any(re.fullmatch(r"badgerelay/plugin/store/migrations/versions/v\w+\.py", name) for name in ours)
    assert {"badgerelay/adapters/credly/sandbox/app.py", "badgerelay/plugin/sources/alm/sandbox/app.py"} <= ours


def test_the_source_distribution_has_licence_pages_changelog_and_tests(
    tree: list[str], distributions: tuple[Path, Path]
) -> None:
    with tarfile.open(distributions[0]) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "setup.cfg", "pyproject.toml", "Makefile"} <= held
    assert {"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/index.md", "tests/constraints.txt"} <= held
    assert {name for name in tree if name.startswith(("docs/", "tests/"))} <= held
    assert not [name for name in held if name.startswith((".", "build", "docs/_build"))]


def test_the_metadata_tells_licence_readme_and_python(distributions: tuple[Path, Path], names: list[str]) -> None:
    (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(zipfile.ZipFile(distributions[1]).read(path).decode())
    assert metadata["Author"] == "badgerelay maintainers"
    assert "Credly" in metadata["Keywords"].split(",")
    assert not [value for value in metadata.values() if "pypi.org" in value]
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (ROOT / "README.md").read_text()


def test_both_commands_say_the_same(installed: Path) -> None:
    assert run(installed / "badgerelay", "--help").stdout.startswith("Usage: badgerelay")
    versions = [
        run(installed / "badgerelay", "--version").stdout,
        run(installed / "python", "-m", "badgerelay", "--version").stdout,
    ]
    assert versions[0] == versions[1]
    assert versions[0].startswith("badgerelay")


def test_every_command_loads(installed: Path) -> None:
    helped = run(installed / "badgerelay", "--help").stdout
    commands = re.findall(r"^  ([a-z]+)  ", helped.partition("Commands:")[2], re.MULTILINE)
    assert "demo" in commands
    code = (
        "from badgerelay.plugin.cli.main import badgerelay\n"
        f"for name in {commands!r}: assert badgerelay.get_command(None, name)"
    )
    run(installed / "python", "-W", "error", "-c", code)


def test_every_module_loads_without_a_warning(installed: Path, names: list[str]) -> None:
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in names
        if name.endswith(".py")
        and not name.endswith(("/__main__.py", *NEED_AN_EXTRA))
        and not name.startswith(NEEDS_PYTEST)
    ]
    code = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    assert run(installed / "python", "-W", "error", "-c", code).stderr == ""


def test_every_entry_point_resolves(installed: Path) -> None:
    code = (
        "from importlib.metadata import distribution\n"
        "for entry in distribution('badgerelay').entry_points:\n"
        "    print(entry.group, entry.name, entry.load() is not None)"
    )
    assert run(installed / "python", "-c", code).stdout.splitlines() == [
        "badgerelay badgerelay True",
        "badgerelay.adapters accredible True",
        "badgerelay.adapters badgr True",
        "badgerelay.adapters credly True",
        "badgerelay.adapters openbadges True",
        "console_scripts badgerelay True",
    ]


def test_pluggy_finds_the_hooks_by_their_entry_point(installed: Path) -> None:
    code = (
        "import pluggy\n"
        "manager = pluggy.PluginManager('badgerelay')\n"
        "assert manager.load_setuptools_entrypoints('badgerelay') == 1\n"
        "plugin = manager.get_plugin('badgerelay')\n"
        "print(*sorted(caller.name for caller in manager.get_hookcallers(plugin)))"
    )
    found = run(installed / "python", "-c", code).stdout.split()
    assert found == ["course_completed", "csv_imported", "skill_created"]


def test_a_strict_consumer_type_checks(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(CONSUMER)
    options: list[str | Path] = [
        "--strict",
        "--config-file=",
        f"--python-executable={installed / 'python'}",
        "--cache-dir",
        tmp_path,
    ]
    said = run(sys.executable, "-m", "mypy", *options, "consumer.py", cwd=tmp_path).stdout
    assert 'Revealed type is "str | None"' in said.replace("builtins.", "")


def test_the_installed_command_runs_the_demo(installed: Path) -> None:
    demo = run(installed / "badgerelay", "demo", seconds=120)
    assert "nothing lost, nothing twice" in demo.stdout
