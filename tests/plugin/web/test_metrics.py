"""``GET /metrics`` of a real ``serve``, read as Prometheus reads it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from badgerelay import __version__
from badgerelay.plugin.metrics import silence
from badgerelay.plugin.store import Store
from badgerelay.plugin.web.app import create_app

from ...support import (
    SECRETS,
    Running,
    basic,
    completion,
    connect_alm,
    connect_credly,
    delivery,
    running,
    set_faults,
    until,
)

Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def credly(store: Store, serve_app: Callable[..., str]) -> str:
    url = serve_app("credly")
    connect_credly(store, url)
    connect_alm(store, serve_app("alm"))
    return url


def scrape(url: str) -> dict[Sample, float]:
    answer = requests.get(f"{url}/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    for unwanted in ("@", "rosa", "15300721", *SECRETS):
        assert unwanted not in answer.text.lower()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: dict[Sample, float], name: str, **labels: str) -> float | None:
    return found.get((f"badgerelay_{name}", frozenset(labels.items())))


def total(url: str, name: str, **labels: str) -> float:
    """Of all series with these labels among theirs."""
    wanted = set(labels.items())
    return sum(v for (n, ls), v in scrape(url).items() if n == f"badgerelay_{name}" and wanted <= ls)


def send(url: str, *events: object) -> None:
    answer = requests.post(f"{url}/webhooks/alm/acme", data=delivery(*events), headers=basic(), timeout=10)
    assert answer.status_code == 202


def test_the_receiver_tells_what_a_worker_did(store: Store, credly: str, environ: dict[str, str]) -> None:
    set_faults(credly, "500=#1,lost=#2")
    with running(environ, "serve", "--port", "0", "--no-worker") as relay:
        relay.ready()
        send(relay.url, completion(eventId="e-1"), completion(eventId="e-2", hasPassed=False))
        worker = Running(environ, "worker")
        until(lambda: store.views.counts()["awards"] == {"issued": 1}, 30)
        worker.stop()  # which adds what it has measured
        until(lambda: total(relay.url, "awards", state="issued") == 1, 20)
        found = scrape(relay.url)
    alm, academy = {"source": "alm:70412"}, {"connection": "academy"}
    assert value(found, "build_info", version=__version__, python=platform.python_version()) == 1
    assert value(found, "events", **alm, state="done") == 1
    assert value(found, "events", **alm, state="ignored") == 1
    assert value(found, "awards", **academy, state="issued") == 1
    assert value(found, "oldest_event_seconds", **alm) == 0
    assert value(found, "oldest_award_seconds", **academy) == 0
    assert value(found, "provider_calls_total", **academy, verb="issue", outcome="temporary") == 1
    assert value(found, "attempts_total", **academy, outcome="temporary") >= 1  # type: ignore[operator]
    calls = [v for (name, _), v in found.items() if name == "badgerelay_provider_calls_total"]
    assert sum(calls) >= 2
    assert value(found, "provider_seconds_count", **academy, verb="issue") == value(
        found, "provider_seconds_bucket", **academy, verb="issue", le="+Inf"
    )
    assert value(found, "alm_silence_warning", connection="acme") == 0
    assert 0 <= (value(found, "alm_silence_seconds", connection="acme") or 0) < 60
    assert value(found, "connection_state", **academy, role="provider", state="up") == 1
    assert value(found, "connection_failures", **academy) == 0


def test_what_waits_has_an_age_and_a_connection_its_state(store: Store, credly: str) -> None:
    store.connections.open_circuit("academy", store.now(), lambda _: 60.0, "no answer")
    store.connections.pause(["acme"], store.now())
    store.measurements.happened("last_event", "acme", store.now() - silence.WARN_SECONDS - 60)
    store.measurements.flush()
    store.connections.save("quiet", "source", "alm", "", {"account_id": "7"}, {}, 1000.0)
    client = create_app(store).test_client()
    text = client.get("/metrics").text
    for line in (
        'badgerelay_connection_state{connection="academy",role="provider",state="resting"} 1.0',
        'badgerelay_connection_state{connection="academy",role="provider",state="up"} 0.0',
        'badgerelay_connection_state{connection="acme",role="source",state="paused"} 1.0',
        'badgerelay_connection_failures{connection="academy"} 1.0',
        'badgerelay_alm_silence_warning{connection="quiet"} 1.0',
    ):
        assert line in text.splitlines()


def test_a_database_that_does_not_answer_is_503(store: Store) -> None:
    client = create_app(store).test_client()
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE connections RENAME TO elsewhere")
    assert client.get("/metrics").status_code == 503
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO connections")
    assert client.get("/metrics").status_code == 200


def test_every_metric_has_a_line_in_the_reference(store: Store) -> None:
    page = create_app(store).test_client().get("/metrics").text
    names = [family.name for family in text_string_to_metric_families(page)]
    assert len(names) > 10
    page_of_metrics = (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text()
    assert [name for name in names if f"`{name}" not in page_of_metrics] == []
