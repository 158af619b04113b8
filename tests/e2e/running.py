"""badgerelay's commands as real processes, each in a home of its own."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

TEMPLATE = "6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63"
START_SECONDS = 30.0


@dataclass
class Running:
    """One started command. ``url`` is what it says it listens on."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> float:
        """Terminate; how many seconds it took."""
        started = time.monotonic()
        self.process.terminate()
        self.process.wait(20)
        return time.monotonic() - started


class Home:
    """A home of badgerelay's and the processes that use it."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("BADGERELAY_")}
        self.environ = {**kept, "BADGERELAY_HOME": str(folder), "PYTHONUNBUFFERED": "1", **environ}
        self._running: list[Running] = []
        self._numbers = itertools.count()

    def start(
        self, *arguments: str, module: str = "badgerelay", listens: str = r"listens on (http://\S+)"
    ) -> Running:
        return self.start_command(
            sys.executable, "-m", module, *arguments, name="-".join((module, *arguments[:1])), listens=listens
        )

    def start_command(self, *command: str, name: str, listens: str) -> Running:
        """Start any command in this environment, and wait until it prints what matches ``listens``."""
        log = self.folder / f"{next(self._numbers)}-{name}.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                command,
                env=self.environ,
                cwd=self.folder,  # not the checkout, which some servers take for a package to import from
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_pump, args=(process, lines), daemon=True).start()
        running = Running(process, "", log)
        self._running.append(running)  # also where it does not start: its output has to be closed
        while True:
            try:
                line = lines.get(timeout=START_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                end_group(process.pid)
                process.wait()
            assert line is not None, log.read_text()
            if found := re.search(listens, line):
                running.url = found[1] if found.groups() else ""
                return running

    def run(self, *arguments: str, ok: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "badgerelay", *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            input=stdin if stdin is not None else "",
        )
        assert not ok or done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def connect_sandboxes(self, *knobs: str) -> tuple[str, str]:
        """Start both sandboxes and connect them as ``academy`` and ``acme``; their addresses."""
        provider = self.start("sandbox", "credly", *knobs).url
        alm = self.start("sandbox", "alm").url
        self.connect_to(provider, alm)
        return provider, alm

    def connect_to(self, provider: str, alm: str | None, token: str = "SIMULATOR-TOKEN-0001") -> None:
        organization = "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"
        named = f'[[credly]]\nname = "academy"\norganization_id = "{organization}"\n'
        blocks = [f'{named}host = "{provider}"\ntoken = "{token}"\n']
        if alm is not None:
            blocks.append(
                f'[[alm]]\nname = "acme"\naccount_id = "70412"\nhost = "{alm}"\nclient_id = "sandbox-client"\n'
                'client_secret = "sandbox-secret"\nrefresh_token = "sandbox-refresh"\nprovider = "academy"\n'
                'webhook_username = "alm"\nwebhook_password = "s3cret-password"\n'
            )
        file = self.folder / "connections.toml"
        file.write_text("\n".join(blocks))
        self.run("connect", "--from", str(file))

    def close(self) -> None:
        for running in self._running:
            end_group(running.process.pid)
            running.process.wait()
            if running.process.stdout is not None:
                running.process.stdout.close()


def end_group(pid: int) -> None:
    """Kill whatever is left of a command that was started here: a child of it would keep its output open."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def deliver(url: str, body: bytes | str, password: str = "s3cret-password", **options: Any) -> requests.Response:
    return requests.post(f"{url}/webhooks/alm/acme", data=body, auth=("alm", password), timeout=15, **options)


def completion(event_id: str = "e-1", name: str = "COURSE_COMPLETED", account: Any = 70412, **data: Any) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:00.000Z", time.gmtime())
    said = {
        "userId": 15300721,
        "loId": "course:8801234",
        "loInstanceId": "course:8801234_17700456",
        "loType": "course",
        "dateCompleted": moment,
        "hasPassed": True,
    }
    event = {"eventId": event_id, "eventName": name, "timestamp": moment, "data": {**said, **data}}
    return json.dumps({"accountId": account, "events": [event]})


def eventually(check: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What ``check`` gives once it gives something true."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.1)


def badges(provider: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{provider}/_sandbox/badges", timeout=10).json()["badges"]
    return found


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            lines.put(line)
    except ValueError:
        pass
    lines.put(None)
