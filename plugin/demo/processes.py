"""Child processes of the demo: the same commands that an administrator types."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30.0
"""Maximum seconds for a command to say its address."""
STOP_SECONDS = 15.0
"""Maximum seconds for a command to stop before it is killed."""


class StartError(Exception):
    """A command did not start or failed; the message has what it printed."""


class Processes:
    """The demo's badgerelay commands, each a process of its own.

    :param home: the BADGERELAY_HOME of the demo.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> str:
        """Start a badgerelay command that runs until the end of the demo. Return the address that it listens on.

        :raises StartError: it ended, or printed no address in time.
        """
        with (self.home / f"{arguments[0]}-{len(self._running)}.log").open("w") as log:
            process = subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-m", "badgerelay", *arguments],
                env=self._environment(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._running.append(process)
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_pump, args=(process, lines), daemon=True).start()
        printed = ""
        while True:
            try:
                line = lines.get(timeout=START_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise StartError(f"`badgerelay {' '.join(arguments)}` did not start: {printed.strip()}")
            printed += line
            if found := re.search(r"listens on (http://\S+)", line):
                return found[1]

    def run(self, *arguments: str) -> str:
        """Run a badgerelay command to its end and return its output. :raises StartError: it failed."""
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "-m", "badgerelay", *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StartError(f"`badgerelay {' '.join(arguments)}` failed: {done.stderr.strip()}")
        return done.stdout

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _environment(self) -> dict[str, str]:
        ours = {"BADGERELAY_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("BADGERELAY_")}
        return {**kept, **ours}


@contextmanager
def processes(home: Path) -> Iterator[Processes]:
    started = Processes(home)
    try:
        yield started
    finally:
        started.stop()


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)
