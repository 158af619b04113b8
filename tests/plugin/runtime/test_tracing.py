"""Spans, with the real OpenTelemetry SDK; and none where it is not installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.runtime.tracing import MAX_IDS, describe, span
from badgerelay.plugin.store import Store
from badgerelay.plugin.web.app import create_app

from ...support import basic, completion, connect_alm, connect_credly, delivery, until

EXPORTER = InMemorySpanExporter()
"""One for the session: OpenTelemetry takes one provider in a process."""


@pytest.fixture
def spans() -> Iterator[Callable[[], list[ReadableSpan]]]:
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
        trace.set_tracer_provider(provider)
    EXPORTER.clear()
    yield lambda: list(EXPORTER.get_finished_spans())
    EXPORTER.clear()


def test_a_completion_leaves_three_spans_with_its_correlation_id(
    store: Store, serve_app: Callable[..., str], spans: Callable[[], list[ReadableSpan]]
) -> None:
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm"))
    engine = make_engine(store)
    client = create_app(store, engine.wake).test_client()
    answer = client.post("/webhooks/alm/acme", data=delivery(completion()), headers=basic())
    assert answer.status_code == 202
    engine.start()
    until(lambda: store.views.counts()["awards"] == {"issued": 1})
    engine.stop()
    (award,) = store.views.awards()
    found = {each.name: dict(each.attributes or {}) for each in spans()}
    ids = (award["correlation_id"],)
    common = {"badgerelay.correlation_ids": ids, "badgerelay.correlation_ids.count": 1}
    assert found == {
        "badgerelay.webhook": {"badgerelay.connection": "acme", **common},
        "badgerelay.decide": {"badgerelay.connection": "acme", **common},
        "badgerelay.issue": {
            "badgerelay.connection": "academy",
            "badgerelay.awards": (award["id"],),
            "badgerelay.awards.count": 1,
            **common,
        },
    }


def test_a_span_carries_a_bounded_number_of_ids(spans: Callable[[], list[ReadableSpan]]) -> None:
    with span("badgerelay.test"):
        describe(correlation_ids=["0" * 32] * 1000)
    attributes = spans()[0].attributes or {}
    assert len(attributes["badgerelay.correlation_ids"]) == MAX_IDS  # type: ignore[arg-type]
    assert attributes["badgerelay.correlation_ids.count"] == 1000


def _fail() -> None:
    with span("badgerelay.test"):
        raise ValueError("rosa@example.org")


def test_an_exception_passes_and_its_message_is_in_no_span(spans: Callable[[], list[ReadableSpan]]) -> None:
    with pytest.raises(ValueError, match="rosa"):
        _fail()
    (found,) = spans()
    assert not found.events
    assert "rosa" not in found.to_json()


def test_without_opentelemetry_there_are_no_spans_and_no_trouble() -> None:
    code = """
import sys
sys.modules["opentelemetry"] = None
from badgerelay.plugin.runtime import tracing
tracing.describe(connection="acme")
with tracing.span("badgerelay.test", connection="acme"), tracing.span("badgerelay.test"):
    tracing.describe(correlation_ids=["1"])
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
