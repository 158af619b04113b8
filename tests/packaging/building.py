"""Commands in clean environments, for tests of what is built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path | str = "/", seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """:raises AssertionError: the command failed; shows what it wrote."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("BADGERELAY_DATABASE", "PYTHON"))
    }
    done = subprocess.run(
        command,
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


def environment(folder: Path, *wheels: str | Path) -> Path:
    """The ``bin`` folder of a new environment with these wheels and what they need, without a network."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    options = ("--quiet", "--no-index", "--find-links", ROOT / ".wheelhouse", "--no-compile")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", *options, *wheels)
    return folder / "bin"
