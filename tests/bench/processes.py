"""Real processes: started, waited for, weighed, stopped."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("badgerelay")
START_SECONDS = 30.0
STOP_SECONDS = 15.0
_ADDRESS = re.compile(r"listens on (http://\S+)")


@contextmanager
def new_home() -> Iterator[Path]:
    """An empty ``BADGERELAY_HOME``, on the checkout's disk: ``/tmp`` may be in memory, where a sync is free."""
    parent = CHECKOUT / ".cache"
    parent.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Process:
    """A running command with its output in a file.

    :ivar url: where it listens, as it said itself; empty for one that does not.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        home: Path,
        name: str,
        *,
        listens: bool = True,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = home / f"{name}.log"
        with self.log.open("wb") as output:
            # A group of its own, so that it can be killed with its children as the kernel would do it.
            self._popen = subprocess.Popen(
                arguments,
                cwd=CHECKOUT,
                env=environment(home, extra),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = self._address() if listens else ""

    @property
    def pid(self) -> int:
        return self._popen.pid

    def _address(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._popen.poll() is None:
            found = _ADDRESS.search(self.log.read_text(errors="replace"))
            if found:
                return found[1]
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} does not answer: {error}") from error
                time.sleep(0.02)

    def memory(self) -> float:
        """MB resident, of the process and all its descendants."""
        return sum(_resident(pid) for pid in _tree(self.pid)) / 1e6

    def handles(self) -> int:
        """Open file handles, of the process and all its descendants."""
        return sum(_entries(pid, "fd") for pid in _tree(self.pid))

    def threads(self) -> int:
        """Threads, of the process and all its descendants."""
        return sum(_entries(pid, "task") for pid in _tree(self.pid))

    def kill(self) -> None:
        """SIGKILL to the whole group, at once."""
        os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def stop(self) -> None:
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            try:
                self._popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()


@contextmanager
def running(
    arguments: Sequence[str],
    home: Path,
    name: str,
    *,
    listens: bool = True,
    extra: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """:param extra: further variables of the environment."""
    process = Process(arguments, home, name, listens=listens, extra=extra)
    try:
        yield process
    finally:
        process.stop()


def badgerelay(*arguments: str) -> list[str]:
    return [str(COMMAND), *arguments]


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("BADGERELAY_")}
    return kept | {"BADGERELAY_HOME": str(home), "PYTHONUNBUFFERED": "1"} | dict(extra or {})


def call(arguments: Sequence[str], home: Path, extra: Mapping[str, str] | None = None) -> str:
    """Run a command to its end; its output. :raises RuntimeError: it failed."""
    done = subprocess.run(
        arguments, cwd=CHECKOUT, env=environment(home, extra), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr or done.stdout}")
    return done.stdout


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, body, dict(headers))
    with urllib.request.urlopen(request, timeout=60) as answer:
        return int(answer.status)


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _entries(pid: int, what: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/{what}"))
    except OSError:
        return 0


def _tree(root: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text()
            except OSError:
                continue
            parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found
