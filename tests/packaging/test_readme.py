"""The README names everything that is public, and its examples run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from badgerelay.hooks.specs import HOST_CALLS, HOST_IMPLEMENTS, PLUGIN_IMPLEMENTS
from badgerelay.plugin.cli.main import COMMANDS
from badgerelay.plugin.store.policy import KEYS

README = (Path(__file__).parents[2] / "README.md").read_text()
SETTINGS = ("HOME", "DATABASE_URL", "SECRET_KEYS", "LOG_FORMAT", "BROKER_URL", "PUBLIC_URL")
STATES = ("received", "done", "ignored", "waiting", "dead", "planned", "sending", "issued", "rejected", "held")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


NAMES = [
    *sorted(KEYS),
    *COMMANDS,
    *HOST_CALLS,
    *HOST_IMPLEMENTS,
    *PLUGIN_IMPLEMENTS,
    *STATES,
    *(f"BADGERELAY_{name}" for name in SETTINGS),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_line(name: str) -> None:
    assert re.search(rf"`[^`]*\b{name}\b[^`]*`", README), name


@pytest.mark.parametrize("block", PYTHON)
def test_the_examples_run(block: str, tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("BADGERELAY_")}
    environ = {**kept, "BADGERELAY_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", block], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
