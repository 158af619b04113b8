"""The receiver behind WSGI servers that are not ours, in several processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.brokers import broker_of
from tests.e2e.running import Home, Running, badges, completion, deliver, eventually
from tests.support import free_port

APP = "badgerelay.plugin.web.wsgi:app"


def granian(home: Home, port: int) -> Running:
    options = ("--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", "--port", str(port), "--no-log")
    return home.start_command(
        *(sys.executable, "-c", "print('starting', flush=True); from granian.cli import entrypoint; entrypoint()"),
        *(*options, APP),
        name="granian",
        listens="starting",
    )


def waitress(home: Home, port: int) -> Running:
    command = (sys.executable, "-c", "print('starting', flush=True); from waitress.runner import run; run()")
    return home.start_command(*command, f"--listen=127.0.0.1:{port}", APP, name="waitress", listens="starting")


def answering(port: int) -> str:
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return requests.get(f"{url}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    eventually(ready)
    return url


def deliver_all(url: str, number: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        bodies = [completion(f"e-{each}", userId=15300721 + each % 8) for each in range(number)]
        assert {answer.status_code for answer in pool.map(lambda body: deliver(url, body), bodies)} == {202}


@pytest.mark.parametrize("server", [granian, waitress])
def test_without_a_broker_each_process_has_an_engine_and_they_share_the_work(
    home: Home, server: Callable[[Home, int], Running]
) -> None:
    provider, _ = home.connect_sandboxes()
    port = free_port()
    running = server(home, port)
    deliver_all(answering(port), 40)
    eventually(lambda: len(badges(provider)) == 8)
    time.sleep(0.5)
    assert len(badges(provider)) == 8
    assert running.stop() < 15
    assert "Traceback" not in running.log.read_text()


@pytest.mark.services
@pytest.mark.parametrize("name", ["rabbitmq", "redis"])
def test_with_a_broker_two_processes_receive_and_a_worker_issues(postgresql_home: Home, name: str) -> None:
    home = postgresql_home
    home.run("db", "upgrade")
    home.environ["BADGERELAY_BROKER_URL"] = broker_of(name).url
    provider, _ = home.connect_sandboxes()
    port = free_port()
    running = granian(home, port)
    url = answering(port)
    deliver_all(url, 40)
    time.sleep(1)
    assert badges(provider) == []  # nobody works here
    home.start("worker", listens="badgerelay works")
    eventually(lambda: len(badges(provider)) == 8)
    assert running.stop() < 15
    assert "is issued" not in running.log.read_text()


def test_importing_the_module_opens_nothing(home: Home) -> None:
    code = "import badgerelay.plugin.web.wsgi, os; print(os.listdir(os.environ['BADGERELAY_HOME']), flush=True)"
    home.start_command(sys.executable, "-c", code, name="import", listens=r"^\['0-import.log'\]")


def test_a_server_that_forks_after_loading_has_a_working_engine_in_each_process(home: Home) -> None:
    provider, _ = home.connect_sandboxes()
    home.folder.joinpath("body.json").write_text(completion())
    code = """
import base64, io, os, sys, time
from badgerelay.plugin.web.wsgi import app
child = os.fork()
if child:
    os.kill(os.getpid(), 19)  # the parent, and its engine, stand still
body = open("body.json", "rb").read()
said = []
login = "Basic " + base64.b64encode(b"alm:s3cret-password").decode()
environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/webhooks/alm/acme", "CONTENT_LENGTH": str(len(body)),
           "wsgi.input": io.BytesIO(body), "HTTP_AUTHORIZATION": login}
app(environ, lambda status, headers: said.append(status))
print("answered", *said, flush=True)
time.sleep(60)
"""
    running = home.start_command(sys.executable, "-c", code, name="forks", listens=r"answered (.*)")
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    try:
        assert running.url == "202 Accepted"
        eventually(lambda: badges(provider))
        assert len(badges(provider)) == 1
    finally:
        for child in children:
            os.kill(int(child), signal.SIGKILL)
