"""What the tests of several rooms share: waiting, real processes, deliveries, the sandboxes' published values."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import requests
import sqlalchemy as sa

from badgerelay.plugin.cli.main import main
from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.catalogue.rules import NewRule
from badgerelay.plugin.store.schema.tables import templates

ORGANIZATION = "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"
TOKEN = "SIMULATOR-TOKEN-0001"
TEMPLATE = "7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10"
COURSE_TEMPLATE = "6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63"
COURSE = "course:8801234"
INSTANCE = "course:8801234_17700456"
ROSA = "15300721"
WEBHOOK_PASSWORD = "a-webhook-password"
CLIENT_SECRET = "sandbox-secret"
REFRESH_TOKEN = "sandbox-refresh"
SECRETS = (TOKEN, WEBHOOK_PASSWORD, CLIENT_SECRET, REFRESH_TOKEN)


def due_lanes(store: Store, kind: str, now: float, **options: Any) -> list[str]:
    """Return the names of the lanes with due work of a kind; the options are those of ``DueWork.lanes``."""
    lanes = store.due_work.lanes(**options)
    return [lane.name for lane in lanes if lane.kind == kind and lane.due_at <= now]


def until(condition: Callable[[], Any], seconds: float = 15.0, what: str = "") -> Any:
    """Wait for a condition, and give what it gave. :raises AssertionError: it never came true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what or f"not within {seconds} s"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """Of those that the system gives to nobody who asks for any: who starts there later still finds it free."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def credly_values(url: str, **changes: Any) -> dict[str, Any]:
    return {"organization_id": ORGANIZATION, "host": url, "token": TOKEN, **changes}


def alm_values(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "account_id": "70412",
        "host": url,
        "client_id": "sandbox-client",
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "provider": "academy",
        "webhook_auth": "basic",
        "webhook_username": "alm",
        "webhook_password": WEBHOOK_PASSWORD,
        **changes,
    }


def connect_credly(store: Store, url: str, name: str = "academy", **changes: Any) -> str:
    return connect(store, Declared("credly", name, credly_values(url, **changes)))


def connect_alm(store: Store, url: str, name: str = "acme", **changes: Any) -> str:
    return connect(store, Declared("alm", name, alm_values(url, **changes)))


def add_rule(
    store: Store, source: str, objects: str | tuple[str, ...], connection: str, template: str, **more: Any
) -> bool:
    """:param more: of a ``NewRule``."""
    objects = (objects,) if isinstance(objects, str) else objects
    return bool(store.rules.add([NewRule(source, connection, template, objects, **more)], store.now()))


def forget_templates(store: Store) -> None:
    """As if no synchronization had ever been."""
    with store.database.write() as connection:
        connection.execute(sa.delete(templates))


def completion(user: str = ROSA, *, instance: str = INSTANCE, **changes: Any) -> dict[str, Any]:
    """An event of a delivery. :param changes: to its ``data``, and ``eventId``, ``eventName`` to itself."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    envelope: dict[str, Any] = {key: changes.pop(key) for key in ("eventId", "eventName") if key in changes}
    lo_id = instance.rpartition("_")[0]
    data = {
        "userId": user,
        "loId": lo_id,
        "loInstanceId": instance,
        "loType": lo_id.partition(":")[0],
        "dateCompleted": now,
        "hasPassed": True,
        **changes,
    }
    event = {"eventId": str(uuid.uuid4()), "eventName": "COURSE_COMPLETED", "timestamp": now, "data": data}
    return event | envelope


def delivery(*events: Any, account: Any = 70412) -> bytes:
    return json.dumps({"accountId": account, "events": list(events)}).encode()


def basic(user: str = "alm", password: str = WEBHOOK_PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def counts(sandbox: str) -> dict[str, Any]:
    """Of the badges in Credly's sandbox."""
    answer = requests.get(f"{sandbox}/_sandbox/badges?format=count", timeout=10).json()
    return dict(answer["counts"])


def badges(sandbox: str) -> list[dict[str, Any]]:
    return list(requests.get(f"{sandbox}/_sandbox/badges", timeout=10).json()["badges"])


def calls(sandbox: str) -> dict[str, int]:
    """How many requests of each kind Credly's sandbox got."""
    return dict(requests.get(f"{sandbox}/_sandbox/requests", timeout=10).json()["counts"])


def set_faults(sandbox: str, spec: str) -> None:
    requests.put(f"{sandbox}/_sandbox/faults", data=spec, timeout=10).raise_for_status()


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run_here(*arguments: str, stdin: str = "", environ: dict[str, str] | None = None) -> Ran:
    """The badgerelay command in this process: quick, and the same down to its exit code."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.dict(os.environ, environ or {}),
        mock.patch.object(sys, "argv", ["badgerelay", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Ran(code, out.getvalue(), err.getvalue())


class Running:
    """A badgerelay command in a process of its own.

    :ivar url: the first address that it printed, if it prints one.
    """

    def __init__(self, environ: dict[str, str], *arguments: str) -> None:
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "badgerelay", *arguments],
            env={**{k: v for k, v in os.environ.items() if not k.startswith("BADGERELAY_")}, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)

    @property
    def log(self) -> str:
        return "".join(list(self._lines))

    @property
    def url(self) -> str:
        found = until(lambda: [word for word in self.log.split() if word.startswith("http://")], 20.0, self.log)
        return str(found[0])

    def ready(self) -> Running:
        """Wait until ``serve`` answers."""

        def answers() -> bool:
            assert self.process.poll() is None, self.log
            with contextlib.suppress(requests.RequestException):
                return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
            return False

        until(answers, 20.0, self.log)
        return self

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in found]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self._close()

    def stop(self, seconds: float = 15.0) -> int:
        """SIGTERM. :return: the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            for child in self.children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self.kill()
            raise
        self._close()
        return code

    def _close(self) -> None:
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def running(environ: dict[str, str], *arguments: str) -> Iterator[Running]:
    started = Running(environ, *arguments)
    try:
        yield started
    finally:
        started.stop()


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def query_plans(store: Store, act: Callable[[], object]) -> list[str]:
    """How SQLite finds the rows of each statement of what is done, but those that insert.

    Skips on PostgreSQL, which chooses by what it has counted.
    """
    if not store.database.embedded:
        pytest.skip("PostgreSQL chooses by what it has counted")
    asked: list[tuple[str, Any]] = []

    def see(*event: Any) -> None:
        asked.append((event[2], event[3]))

    sa.event.listen(sa.Engine, "before_cursor_execute", see)
    try:
        act()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", see)
    with store.database.read() as connection:
        return [
            " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
            for statement, parameters in asked
            if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH")
        ]
