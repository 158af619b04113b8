"""The main job with real processes: a completed course becomes a badge, once."""

from __future__ import annotations

import os
import re
import signal
import socket
import time

import pytest
import requests

from tests.e2e.running import Home, badges, completion, deliver, eventually


def test_a_completion_becomes_one_badge_and_says_why(home: Home) -> None:
    provider, _ = home.connect_sandboxes()
    relay = home.start("serve", "--port", "0")
    assert deliver(relay.url, completion()).status_code == 202
    assert deliver(relay.url, completion()).status_code == 202
    assert deliver(relay.url, completion("e-2", "COURSE_COMPLETED_BATCH")).status_code == 202
    assert deliver(relay.url, completion("e-3", hasPassed=False, userId=15300722)).status_code == 202
    assert deliver(relay.url, completion("e-4", account=99)).status_code == 202
    done = eventually(lambda: len([e for e in home.json("events", "list") if e["state"] in ("done", "ignored")]) == 4)
    assert done
    (award,) = eventually(lambda: [a for a in home.json("awards", "list") if a["state"] == "issued"])
    (badge,) = badges(provider)
    assert badge["id"] == award["badge_id"]
    assert badge["recipient_email"] == "rosa.lindqvist@example.org"
    (why,) = home.json("awards", "why", str(award["id"]))
    causes = " | ".join(step["cause"] for step in why["steps"])
    assert "COURSE_COMPLETED" in causes
    assert "attempt 1" in causes
    assert f"badge {badge['id']}" in causes
    assert "completed without passing" in home.run("awards", "why", "e-3").stdout
    assert "account 99" in home.run("awards", "why", "e-4").stdout
    assert f"already award {award['id']}" in home.run("awards", "why", "e-2").stdout
    assert requests.get(f"{relay.url}/readyz", timeout=5).status_code == 200
    assert requests.get(f"{relay.url}/healthz", timeout=5).status_code == 200
    log = relay.log.read_text()
    for secret in ("s3cret-password", "SIMULATOR-TOKEN", "rosa.lindqvist", "sandbox-secret"):
        assert secret not in log
    assert relay.stop() < 15


def test_a_killed_serve_leaves_nothing_behind_and_issues_once_after_its_restart(home: Home) -> None:
    # The provider is slow enough for the kill to come between the acknowledgement and the answer.
    provider, _ = home.connect_sandboxes("--faults", "latency=1")
    relay = home.start("serve", "--port", "0")
    port = int(relay.url.rpartition(":")[2])
    assert deliver(relay.url, completion()).status_code == 202
    eventually(lambda: home.json("awards", "list"))
    relay.kill()
    time.sleep(2)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "a child still holds the port"
    home.start("serve", "--port", str(port))
    eventually(lambda: [a for a in home.json("awards", "list") if a["state"] == "issued"], 30)
    assert len(badges(provider)) == 1


def test_a_lost_answer_is_looked_for_before_sending_again(home: Home) -> None:
    provider, _ = home.connect_sandboxes()
    requests.put(f"{provider}/_sandbox/faults", data="lost=#1", headers={"Content-Type": "text/plain"}, timeout=5)
    relay = home.start("serve", "--port", "0")
    deliver(relay.url, completion())
    (award,) = eventually(lambda: [a for a in home.json("awards", "list") if a["state"] == "issued"])
    assert len(badges(provider)) == 1
    assert "looking" in home.run("awards", "why", str(award["id"])).stdout


def test_a_replaced_token_lets_what_waited_go(home: Home) -> None:
    provider, alm = home.connect_sandboxes()
    relay = home.start("serve", "--port", "0")
    change = {"token": "SIMULATOR-TOKEN-0001", "replacement": "A-NEW-TOKEN"}
    requests.post(f"{provider}/_sandbox/tokens", json=change, timeout=5)
    deliver(relay.url, completion())
    eventually(lambda: [a for a in home.json("awards", "list") if a["state"] == "waiting"])
    (trouble,) = [c["trouble"] for c in home.json("connections") if c["name"] == "academy"]
    assert "token" in trouble
    home.connect_to(provider, alm, token="A-NEW-TOKEN")
    eventually(lambda: [a for a in home.json("awards", "list") if a["state"] == "issued"])
    assert len(badges(provider)) == 1


def test_pause_holds_and_resume_sends(home: Home) -> None:
    provider, _ = home.connect_sandboxes()
    home.run("pause", "academy")
    relay = home.start("serve", "--port", "0", "--no-worker")
    home.start("worker", listens="badgerelay works")
    deliver(relay.url, completion())
    eventually(lambda: [a for a in home.json("awards", "list") if a["state"] == "held"])
    assert badges(provider) == []
    home.run("resume")
    eventually(lambda: badges(provider))
    assert len(badges(provider)) == 1


@pytest.mark.services
def test_on_postgresql_a_killed_worker_loses_and_doubles_nothing(postgresql_home: Home) -> None:
    home = postgresql_home
    assert home.run("connections", ok=False).returncode == 2
    home.run("db", "upgrade")
    provider, _ = home.connect_sandboxes("--faults", "latency=0.3")
    relay = home.start("serve", "--port", "0", "--no-worker")
    worker = home.start("worker", listens="badgerelay works")
    for number in range(20):
        user = 15300721 + number % 8
        assert deliver(relay.url, completion(f"e-{number}", userId=user)).status_code == 202
    time.sleep(0.5)
    worker.kill()
    home.start("worker", listens="badgerelay works")
    home.start("worker", listens="badgerelay works")
    eventually(lambda: len([a for a in home.json("awards", "list") if a["state"] == "issued"]) == 8, 45)
    assert len(badges(provider)) == 8


def test_no_child_outlives_a_terminated_serve(home: Home) -> None:
    home.run("db", "upgrade")
    relay = home.start("serve", "--port", "0")
    children = _children(relay.process.pid)
    assert children
    relay.process.send_signal(signal.SIGTERM)
    relay.process.wait(15)
    eventually(lambda: not any(os.path.exists(f"/proc/{child}") for child in children), 2)


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in re.findall(r"\d+", file.read())]
