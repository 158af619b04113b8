"""A backfill as a process of its own, killed in the middle, with live completions of the same people around it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from badgerelay.plugin.backfill.issue import AHEAD

from .running import Home, badges, completion, deliver, eventually

FIRST = 15300721
PEOPLE = 240


def transcript(folder: Path) -> str:
    lines = ["User ID,Type,LO Unique ID,Instance,Status,Completion Date,Grade"]
    lines += [
        f"{FIRST + number},Course,8801234,17700456,Completed,2026-03-02T10:00:00Z,Pass" for number in range(PEOPLE)
    ]
    file = folder / "transcript.csv"
    file.write_text("\n".join(lines))
    return str(file)


def counts(provider: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{provider}/_sandbox/badges?format=count", timeout=10).json()["counts"]
    return found


def connect(home: Home) -> str:
    """Templates let a learner have a badge twice, so that nothing but badgerelay prevents it."""
    provider = home.start("sandbox", "credly", "--knob", "allow_duplicates=true", "--faults", "latency=0.1,lost=0.02")
    alm = home.start("sandbox", "alm", "--knob", f"learners={PEOPLE + 10}")
    home.connect_to(provider.url, alm.url)
    return provider.url


def killed_and_resumed(home: Home) -> None:
    provider = connect(home)
    relay = home.start("serve", "--port", "0")
    assert deliver(relay.url, completion("before", userId=FIRST)).status_code == 202
    eventually(lambda: counts(provider)["total"] == 1, 60)
    file = transcript(home.folder)
    plan = json.loads(home.run("backfill", "acme", "--transcript", file, "--dry-run", "--json").stdout)
    assert plan["badges"] == {"has": 1, "would": PEOPLE - 1}
    for kill_at in (30, 120):
        with in_background(home, "backfill", "resume", "1", "--yes"):
            eventually(partial(has_made, provider, kill_at), 120)
            during = completion(f"during-{kill_at}", userId=FIRST + PEOPLE - 1 - kill_at)
            assert deliver(relay.url, during).status_code == 202
    done = json.loads(home.run("backfill", "resume", "1", "--yes", "--json").stdout)
    assert done["state"] == "done"
    assert done["badges"] == {"has": 1, "issued": PEOPLE - 1}
    assert deliver(relay.url, completion("after", userId=FIRST + 1)).status_code == 202
    eventually(lambda: [e for e in home.json("events", "list", "--limit", "1") if e["state"] == "done"], 60)
    found = counts(provider)
    assert (found["total"], found["duplicates"]) == (PEOPLE, 0)
    assert len({badge["issuer_earner_id"] for badge in badges(provider)}) == PEOPLE
    assert home.json("report", "drift") == []


def test_a_backfill_that_is_killed_twice_loses_and_doubles_nothing(home: Home) -> None:
    killed_and_resumed(home)


@pytest.mark.services
def test_on_postgresql_likewise(postgresql_home: Home) -> None:
    postgresql_home.run("db", "upgrade")
    killed_and_resumed(postgresql_home)


def test_a_live_completion_does_not_wait_for_the_backfill(home: Home) -> None:
    provider = connect(home)
    relay = home.start("serve", "--port", "0")
    with in_background(home, "backfill", "acme", "--transcript", transcript(home.folder), "--yes") as backfill:
        eventually(partial(has_made, provider, 20), 120)
        made = counts(provider)["total"]
        assert deliver(relay.url, completion("live", userId=FIRST + PEOPLE + 3)).status_code == 202
        position = eventually(lambda: position_of(provider, f"alm:70412:{FIRST + PEOPLE + 3}"), 120)
        assert backfill.wait(180) == 0
    assert position <= made + AHEAD + 50, "more than what was ahead, and one batch, went first"
    assert counts(provider)["total"] == PEOPLE + 1


def has_made(provider: str, most: int) -> bool:
    return bool(counts(provider)["total"] >= most)


def position_of(provider: str, earner: str) -> int:
    """After how many others the learner's badge was made; 0 while it is not there."""
    return next((n for n, badge in enumerate(badges(provider), 1) if badge["issuer_earner_id"] == earner), 0)


@contextmanager
def in_background(home: Home, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process, which is killed at the end of the block."""
    log = home.folder / "backfill.log"
    with log.open("ab") as output:
        command = [sys.executable, "-m", "badgerelay", *arguments]
        process = subprocess.Popen(command, env=home.environ, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert "Traceback" not in log.read_text()
