"""What befalls the system during the storm, and when: all of it drawn from one seed."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from .outside import Account, Outside
from .setups import SetUp
from .sizes import Size

LOCKED_SECONDS = (3.0, 6.0)
FULL_SECONDS = (2.0, 5.0)
AWAY_SECONDS = (0.0, 3.0)
FORWARD_SECONDS = 900.0
BACK_SECONDS = -3600.0
CONNECT_ATTEMPTS = 40
PATIENCE_SECONDS = 10.0

_LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """:param at: seconds after the start of the storm. :param act: does it, and says what exactly it did."""

    at: float
    kind: str
    act: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Happened:
    at: float
    kind: str
    what: str


class Disturber:
    """Does what is planned at its time, each in a thread of its own.

    :ivar happened: what was done, in its order.
    """

    def __init__(self, planned: list[Disturbance], say: Callable[[str], None]) -> None:
        self.happened: list[Happened] = []
        self._planned = sorted(planned, key=lambda item: item.at)
        self._say = say
        self._guard = threading.Lock()
        self._acts: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="disturber", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Wait until the last one is over."""
        self._thread.join()
        for act in self._acts:
            act.join()

    def _run(self) -> None:
        start = time.monotonic()
        for item in self._planned:
            time.sleep(max(0.0, start + item.at - time.monotonic()))
            act = threading.Thread(target=self._do, args=(item, start), name=item.kind, daemon=True)
            self._acts.append(act)
            act.start()

    def _do(self, item: Disturbance, start: float) -> None:
        at = time.monotonic() - start
        try:
            what = item.act()
        except Exception as error:
            what = f"FAILED: {error!r}"
        self._say(f"  {at:6.1f} s  {item.kind}: {what}")
        with self._guard:
            self.happened.append(Happened(at, item.kind, what))


def plan(setup: SetUp, outside: Outside, size: Size, chance: random.Random) -> list[Disturbance]:
    """The storm of one set-up. One organization is down already when it begins."""
    length = size.seconds
    down, revoked = outside.accounts[1], outside.accounts[0]

    def some(times: int, kind: str, act: Callable[[random.Random], str]) -> list[Disturbance]:
        moments = [chance.uniform(0.03, 0.97) * length for _ in range(times)]
        seeds = [chance.getrandbits(32) for _ in range(times)]
        return [
            Disturbance(at, kind, lambda seed=seed: act(random.Random(seed)))  # type: ignore[misc]
            for at, seed in zip(moments, seeds, strict=True)
        ]

    half = length / 2
    planned = [
        *some(size.kills, "kill -9", lambda own: _kill(setup, own)),
        *some(2, "disk full", lambda own: _fill(setup, own)),
        Disturbance(half, "organization up again", lambda: _up(outside, down)),
        Disturbance(
            half + chance.uniform(-0.05, 0.05) * length, "token replaced", lambda: _replace(setup, outside, revoked)
        ),
    ]
    planned += [
        Disturbance(chance.uniform(0.1, 0.3) * length, "clock set forward", lambda: _step(setup, FORWARD_SECONDS)),
        Disturbance(chance.uniform(0.4, 0.7) * length, "clock back an hour", lambda: _step(setup, BACK_SECONDS)),
    ]
    if setup.broker is not None:
        planned += some(2, "broker wiped", lambda own: _wipe(setup, own))
    if setup.postgresql is None:
        planned += some(2, "database locked", lambda own: _lock(setup, own))
    else:
        planned += some(2, "database restarted", lambda own: _restart(setup))
    return planned


def _kill(setup: SetUp, chance: random.Random) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        process = chance.choice(setup.processes)
        before = process.pids
        pid = process.kill(chance)
        if pid is not None:
            return process.name + ("" if pid == before[:1][0] else ", a child of it")
        time.sleep(0.05)
    raise RuntimeError("nothing is up")


def _fill(setup: SetUp, chance: random.Random) -> str:
    seconds = chance.uniform(*FULL_SECONDS)
    setup.disk.fill(setup.pids)
    time.sleep(seconds)
    setup.disk.free()
    if setup.postgresql is not None:
        setup.postgresql.start()  # it stops where it cannot write its log, as it should
    return f"for {seconds:.1f} s"


def _lock(setup: SetUp, chance: random.Random) -> str:
    seconds = chance.uniform(*LOCKED_SECONDS)
    database = sa.make_url(setup.database_url).database
    subprocess.run([sys.executable, "-c", _LOCK, str(database), str(seconds)], capture_output=True, check=True)
    return f"by another process for {seconds:.1f} s"


def _restart(setup: SetUp) -> str:
    assert setup.postgresql is not None
    setup.postgresql.kill()
    setup.postgresql.start()
    return "stopped at once and started"


def _wipe(setup: SetUp, chance: random.Random) -> str:
    assert setup.broker is not None
    seconds = chance.uniform(*AWAY_SECONDS)
    with setup.broker.guard:
        setup.broker.kill()
        setup.broker.wipe()
        time.sleep(seconds)
        setup.broker.start()
    return f"killed, emptied, started after {seconds:.1f} s"


def _step(setup: SetUp, seconds: float) -> str:
    if not setup.clock.available:
        raise RuntimeError("libfaketime is not installed")
    setup.clock.step(seconds)
    return "of every process of ours"


def _up(outside: Outside, account: Account) -> str:
    outside.no_own_faults(account)
    return account.provider


def _replace(setup: SetUp, outside: Outside, account: Account) -> str:
    """As an administrator would: until it works."""
    outside.replace_token(account)
    time.sleep(2.0)
    attempts = declare(setup, outside)
    return f"of {account.provider}; `connect --from` took {attempts} attempt{'s' * (attempts > 1)}"


def declare(setup: SetUp, outside: Outside) -> int:
    """``connect --from`` until it works; how many attempts that took."""
    file = Path(setup.home.folder) / "connections.toml"
    file.write_text(outside.declaration())
    for attempt in range(1, CONNECT_ATTEMPTS + 1):
        if setup.home.run("connect", "--from", str(file), ok=False).returncode == 0:
            return attempt
        time.sleep(1.0)
    raise RuntimeError("the connections cannot be made")
