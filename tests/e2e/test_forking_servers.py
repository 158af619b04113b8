"""An LMS behind gunicorn with --preload: the workers are forked after badgerelay was registered."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.e2e.running import TEMPLATE, Home, Running, badges, eventually
from tests.support import free_port

COMPLETIONS = int(os.environ.get("BADGERELAY_TEST_COMPLETIONS", "60"))
"""Completions in the test of forking servers."""


def gunicorn(home: Home, port: int) -> Running:
    options = ("--preload", "--no-control-socket", "--workers", "3", "--threads", "2", "--bind", f"127.0.0.1:{port}")
    home.environ["PYTHONPATH"] = str(Path(__file__).parent)
    code = "print('starting', flush=True); from gunicorn.app.wsgiapp import run; run()"
    command = (sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *options, "forking_host:app")
    return home.start_command(*command, name="gunicorn", listens="starting")


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=30).ok
    except requests.ConnectionError:
        return False


def test_workers_of_gunicorn_with_preload_lose_no_completion(home: Home) -> None:
    provider = home.start("sandbox", "credly").url
    home.connect_to(provider, None)
    course = ("--learning-object", "forklift-1", "--template", TEMPLATE, "--connection", "academy")
    home.run("rules", "add", *course)
    port = free_port()
    running = gunicorn(home, port)
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(url))

    def complete(number: int) -> int:
        return int(requests.get(f"{url}/e-{number}", timeout=60).text)

    with ThreadPoolExecutor(8) as pool:
        processes = list(pool.map(complete, range(COMPLETIONS // 2)))
        os.kill(processes[0], signal.SIGTERM)  # the server forks another worker
        processes += pool.map(complete, range(COMPLETIONS // 2, COMPLETIONS))
    assert running.process.pid not in processes
    assert len(set(processes)) >= 3
    eventually(lambda: len(badges(provider)) == COMPLETIONS, 60)
    stored = home.json("events", "list", "--limit", "10000")
    assert {event["event_id"] for event in stored} == {f"e-{number}" for number in range(COMPLETIONS)}
    assert len(stored) == COMPLETIONS
    running.stop()
    assert "was not stored" not in running.log.read_text()
