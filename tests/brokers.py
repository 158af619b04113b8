"""The brokers of tests/services.sh, and how to break them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "broker.sh"


@dataclass(frozen=True, slots=True)
class Broker:
    """:param name: ``rabbitmq`` or ``redis``."""

    name: str
    url: str

    def kill(self) -> None:
        self._do("kill")

    def wipe(self) -> None:
        """Remove every queue; of a killed one."""
        self._do("wipe")

    def start(self) -> None:
        self._do("start")

    def _do(self, what: str) -> None:
        subprocess.run(["/bin/sh", str(SCRIPT), self.name, what], check=True, timeout=60)


def broker_of(name: str) -> Broker:
    """The running broker of that name; without it the test is skipped, or fails on CI."""
    variable = f"BADGERELAY_TEST_{name.upper()}"
    url = os.environ.get(variable)
    if not url:
        message = f"{variable} is not set: run `make test-services`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return Broker(name, url)
