"""The wheel, installed into an empty environment from the wheelhouse."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of an environment with nothing but the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    subprocess.run(
        [
            folder / "bin/python",
            "-m",
            "pip",
            "install",
            "-q",
            "--no-index",
            "--find-links",
            ROOT / ".wheelhouse",
            wheel,
        ],
        check=True,
        capture_output=True,
    )
    return folder / "bin"


def test_the_wheel_has_one_top_level_name_and_everything_it_needs(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"badgerelay"}
    assert "badgerelay/py.typed" in names
    assert "badgerelay/plugin/store/migrations/env.py" in names
    assert any(name.startswith("badgerelay/plugin/store/migrations/versions/v") for name in names)
    assert "badgerelay/adapters/credly/sandbox/app.py" in names
    assert not [name for name in names if name.startswith("badgerelay/tests")]


def test_the_installed_command_runs_the_demo(installed: Path) -> None:
    version = subprocess.run(
        [installed / "python", "-m", "badgerelay", "--version"], cwd="/", capture_output=True, text=True, check=True
    )
    assert "badgerelay" in version.stdout
    demo = subprocess.run(
        [installed / "badgerelay", "demo"], cwd="/", capture_output=True, text=True, check=False, timeout=120
    )
    assert demo.returncode == 0, demo.stderr
    assert "nothing lost, nothing twice" in demo.stdout
