"""``badgerelay serve`` and ``worker`` as processes: starting, stopping, dying."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from badgerelay.plugin.runtime.vault import KEY_FILE, new_key
from badgerelay.plugin.store import Store

from ...support import (
    SECRETS,
    Running,
    alive,
    basic,
    completion,
    connect_alm,
    connect_credly,
    counts,
    delivery,
    free_port,
    run_here,
    running,
    set_faults,
    until,
)


@pytest.fixture
def credly(store: Store, serve_app: Callable[..., str]) -> str:
    url = serve_app("credly")
    connect_credly(store, url)
    connect_alm(store, serve_app("alm"))
    return url


def send(url: str, *events: object) -> None:
    assert _deliver(url, *events) == 202


@pytest.mark.services
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_serve_that_is_killed_leaves_nothing_behind_and_issues_once_after_its_restart(
    store: Store, credly: str, environ: dict[str, str]
) -> None:
    port = str(free_port())
    set_faults(credly, "slow=#1:4")
    first = Running(environ, "serve", "--port", port).ready()
    send(first.url, completion())
    until(lambda: store.views.counts()["awards"] == {"sending": 1})
    children = first.children()
    first.kill()
    until(lambda: not any(alive(child) for child in children), 2)
    started = time.monotonic()
    with running(environ, "serve", "--port", port) as second:
        second.ready()
        until(lambda: store.views.counts()["awards"] == {"issued": 1}, 30)
        assert time.monotonic() - started < 30
        assert counts(credly)["total"] == 1


@pytest.mark.services
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_that_is_killed_beside_a_serve_is_replaced(
    store: Store, credly: str, environ: dict[str, str]
) -> None:
    set_faults(credly, "lost=0.2,latency=0.2")
    with running(environ, "serve", "--port", "0", "--no-worker") as relay:
        relay.ready()
        worker = Running(environ, "worker")
        send(relay.url, *[completion(str(15300721 + number)) for number in range(8)])
        until(lambda: store.views.counts()["awards"].get("sending"))
        worker.kill()
        with running(environ, "worker"), running(environ, "worker"):
            until(lambda: store.views.counts()["awards"] == {"issued": 8}, 60)
        assert counts(credly)["total"] == 8
        assert "Traceback" not in relay.log


def test_a_signal_ends_serve_and_worker_within_seconds_and_the_port_is_free(
    store: Store, credly: str, environ: dict[str, str]
) -> None:
    port = str(free_port())
    for _ in range(2):  # at once again, on the same port
        relay = Running(environ, "serve", "--port", port).ready()
        children = relay.children()
        started = time.monotonic()
        assert relay.stop() == 0
        assert time.monotonic() - started < 5
        assert not any(alive(child) for child in children)
    worker = Running(environ, "worker")
    until(lambda: "works" in worker.log, 20)
    assert worker.stop(5) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_serve_whose_child_dies_says_so_and_ends(environ: dict[str, str]) -> None:
    relay = Running(environ, "serve", "--port", "0").ready()
    (child,) = relay.children()
    os.kill(child, signal.SIGKILL)
    until(lambda: relay.process.poll() is not None)
    assert relay.stop() == 1
    assert "has died" in relay.log
    assert "Traceback" not in relay.log


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_log_tells_what_happened_and_neither_secrets_nor_addresses(
    form: str, store: Store, credly: str, environ: dict[str, str]
) -> None:
    set_faults(credly, "500=#1,lost=#1")
    with running({**environ, "BADGERELAY_LOG_FORMAT": form}, "serve", "--port", "0") as relay:
        relay.ready()
        send(relay.url, completion())
        until(lambda: store.views.counts()["awards"] == {"issued": 1}, 30)
        until(lambda: "is issued" in relay.log)
    assert "Traceback" not in relay.log
    assert "@" not in relay.log
    assert not [secret for secret in SECRETS if secret in relay.log]
    if form == "json":
        (award,) = store.views.awards()
        assert f'"correlation_id": "{award["correlation_id"]}"' in relay.log


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_correlation_id_leads_from_the_webhook_to_the_provider_call(
    store: Store, credly: str, environ: dict[str, str]
) -> None:
    with running({**environ, "BADGERELAY_LOG_FORMAT": "json"}, "serve", "--port", "0") as relay:
        relay.ready()
        event = completion()
        send(relay.url, event, completion(hasPassed=False))
        until(lambda: store.views.counts()["awards"] == {"issued": 1}, 30)
        send(relay.url, event)
        until(lambda: relay.log.count("webhook acme") == 2)
        until(lambda: "is issued" in relay.log)
        log = [json.loads(line) for line in relay.log.splitlines() if line.startswith("{")]
    (award,) = store.views.awards()
    wanted = award["correlation_id"]
    of_it = [
        line for line in log if wanted == line.get("correlation_id") or wanted in line.get("correlation_ids", ())
    ]
    webhook, decision, call, outcome = of_it
    assert webhook["message"] == "webhook acme: 2 events"
    assert webhook["connection"] == "acme"
    assert len(set(webhook["correlation_ids"])) == 2
    assert (decision["event_id"], decision["state"]) == (award["event_id"], "done")
    assert (call["connection"], call["verb"], call["outcome"]) == ("academy", "issue", "issued")
    assert call["award_ids"] == [award["id"]]
    assert 0 < call["seconds"] < 10
    assert (outcome["award_id"], outcome["state"]) == (award["id"], "issued")
    ignored = [line for line in log if line.get("state") == "ignored"]
    assert [line["correlation_id"] in webhook["correlation_ids"] for line in ignored] == [True]
    # The redelivery is stored nowhere, and leads to the event all the same.
    again = [line for line in log if line.get("message") == "webhook acme: 1 events"]
    assert [line["correlation_ids"][0][12:] for line in again] == [wanted[12:]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_text_log_shows_the_end_of_the_correlation_id(store: Store, credly: str, environ: dict[str, str]) -> None:
    with running(environ, "serve", "--port", "0") as relay:
        relay.ready()
        send(relay.url, completion(), completion(hasPassed=False))
        until(lambda: "award 1 is issued" in relay.log)
    (award,) = store.views.awards()
    brief = f"[..{award['correlation_id'][-8:]}]"
    lines = relay.log.splitlines()
    assert [line.endswith(brief) for line in lines if "award 1 is issued" in line] == [True]
    assert [line.endswith(" and 1 more]") for line in lines if "2 events" in line] == [True]


def test_serve_says_which_setting_is_wrong_and_does_not_start(environ: dict[str, str]) -> None:
    for variable, value in (("BADGERELAY_LOG_FORMAT", "xml"), ("BADGERELAY_SECRET_KEYS", "short")):
        relay = Running({**environ, variable: value}, "serve", "--port", "0")
        assert relay.process.wait(20) == 2
        relay.stop()
        assert variable in relay.log
        assert "Traceback" not in relay.log


def test_a_port_that_is_taken_is_said(environ: dict[str, str], serve_app: Callable[..., str]) -> None:
    taken = serve_app("credly").rpartition(":")[2]
    relay = Running(environ, "serve", "--port", taken)
    assert relay.process.wait(20) == 1
    relay.stop()
    assert f"port {taken}" in relay.log


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_the_key_of_its_secrets_nothing_starts_and_what_runs_loses_nothing(
    store: Store, credly: str, environ: dict[str, str]
) -> None:
    wrong = environ | {"BADGERELAY_SECRET_KEYS": new_key()}
    for command in ("serve", "worker"):
        started = Running(wrong, command)
        until(lambda: started.process.poll() is not None)  # noqa: B023 (called at once)
        assert started.stop() == 2  # it has ended by itself
        assert "BADGERELAY_SECRET_KEYS" in started.log
        assert "Traceback" not in started.log
    with running(environ, "serve", "--port", "0") as relay:
        relay.ready()
        send(relay.url, completion(eventId="before"))
        until(lambda: store.views.counts()["awards"] == {"issued": 1})
        kept = (Path(environ["BADGERELAY_HOME"]) / KEY_FILE).read_text()
        rotated = new_key()
        both = {**environ, "BADGERELAY_SECRET_KEYS": f"{rotated},{kept.strip()}"}
        assert run_here("db", "rotate-keys", environ=both).code == 0
        until(lambda: _deliver(relay.url, completion(eventId="after")) == 503)
        assert "Traceback" not in relay.log
    with running({**environ, "BADGERELAY_SECRET_KEYS": rotated}, "serve", "--port", "0") as again:
        again.ready()
        assert _deliver(again.url, completion("15300722", eventId="at last")) == 202
        until(lambda: store.views.counts()["awards"] == {"issued": 2})
        until(lambda: {event["state"] for event in store.views.events()} == {"done"})


def _deliver(url: str, *events: object) -> int:
    answer = requests.post(f"{url}/webhooks/alm/acme", data=delivery(*events), headers=basic(), timeout=10)
    return answer.status_code
