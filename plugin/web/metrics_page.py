"""``GET /metrics``: the whole installation in Prometheus' text format, whichever receiver answers."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator

from flask import Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from ..._version import __version__
from ..metrics.counting import Counted, Counting, Counts, Key
from ..metrics.overview import STATES, Overview, budgets_left, overview_of
from ..metrics.silence import silent
from ..providers.instrumentation import ATTEMPTS, BOUNDS, BUCKET, CALLS, SECONDS
from ..store import Store, StoreUnavailableError
from ..store.measurements import Measurement
from .answers import text_answer

TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""

EVENT_OPEN = ("received", "waiting")
AWARD_OPEN = ("planned", "sending", "waiting")


class MetricsPage:
    def __init__(self, store: Store) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Relay(store))

    def __call__(self) -> Response:
        try:
            page = generate_latest(self._registry)
        except StoreUnavailableError:
            return text_answer(503, "the database does not answer")
        return Response(page, content_type=TEXT_FORMAT)


class _Relay(Collector):
    """Everything is read from the store when asked: the work is done by other processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counting = Counting(store)

    def collect(self) -> Iterator[Metric]:
        overview = overview_of(self._store)
        yield from _build()
        yield from _connections(overview)
        yield from _silence(overview)
        yield from _calls(overview)
        yield _gauge(
            "budget_left", "Calls that may be made at once.", ["connection"], _labelled(budgets_left(self._store))
        )
        yield from _schedule(overview)
        counts = self._counting.counts(overview)
        if counts is not None:
            yield from _counts(counts, overview, self._store.now())


def _gauge(name: str, help_: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(f"badgerelay_{name}", help_, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _labelled(values: dict[str, float]) -> list[tuple[tuple[str, ...], float]]:
    return [((name,), value) for name, value in values.items()]


def _build() -> Iterator[Metric]:
    labels = {"version": __version__, "python": platform.python_version()}
    yield _gauge("build_info", "What runs here.", list(labels), [(tuple(labels.values()), 1.0)])


def _connections(overview: Overview) -> Iterator[Metric]:
    states = [
        ((each.name, each.role, state), float(each.state == state))
        for each in overview.connections
        for state in STATES
    ]
    failures = [((each.name,), float(each.failures)) for each in overview.connections]
    yield _gauge("connection_state", "1 for the state that it is in.", ["connection", "role", "state"], states)
    yield _gauge("connection_failures", "Failures in a row.", ["connection"], failures)


def _silence(overview: Overview) -> Iterator[Metric]:
    quiet = silent(overview)
    sources = [each for each in overview.connections if each.type == "alm"]
    seconds = [((each.name,), each.silence or 0.0) for each in sources]
    warnings = [((each.name,), float(each.name in quiet)) for each in sources]
    yield _gauge("alm_silence_seconds", "Since the account's last event.", ["connection"], seconds)
    yield _gauge("alm_silence_warning", "1 after 5 days; ALM gives up after 7.", ["connection"], warnings)


def _schedule(overview: Overview) -> Iterator[Metric]:
    failures = [((row.connection, row.task), float(row.attempts)) for row in overview.schedule]
    done = [((row.connection, row.task), row.done_at) for row in overview.schedule if row.done_at is not None]
    labels = ["connection", "task"]
    yield _gauge("schedule_failures", "Runs since the last that ended well.", labels, failures)
    yield _gauge("schedule_done_timestamp_seconds", "When it last ended well.", labels, done)
    rules = _labelled({name: float(count) for name, count in overview.dead_rules.items()})
    yield _gauge("rules_unusable", "Rules whose badge template is not active.", ["connection"], rules)


def _calls(overview: Overview) -> Iterator[Metric]:
    present = {each.name for each in overview.connections}
    rows = [row for row in overview.measured if row.connection in present]
    calls = CounterMetricFamily(
        "badgerelay_provider_calls", "Calls to providers.", labels=["connection", "verb", "outcome"]
    )
    attempts = CounterMetricFamily(
        "badgerelay_attempts", "Awards in these calls, by what came of each.", labels=["connection", "outcome"]
    )
    for row in rows:
        if row.name == CALLS:
            calls.add_metric((row.connection, row.verb, row.label), row.value)
        elif row.name == ATTEMPTS:
            attempts.add_metric((row.connection, row.label), row.value)
    yield calls
    yield attempts
    yield _latency(rows)


def _latency(rows: list[Measurement]) -> Metric:
    family = HistogramMetricFamily(
        "badgerelay_provider_seconds", "How long calls to providers take.", labels=["connection", "verb"]
    )
    sums = {(row.connection, row.verb): row.value for row in rows if row.name == SECONDS}
    filled = {(row.connection, row.verb, row.label): row.value for row in rows if row.name == BUCKET}
    for (connection, verb), total in sums.items():
        below, buckets = 0.0, []
        for number, end in enumerate([*map(str, BOUNDS), "+Inf"]):
            below += filled.get((connection, verb, str(number)), 0.0)
            buckets.append((end, below))
        family.add_metric((connection, verb), buckets, total)
    return family


def _counts(counts: Counts, overview: Overview, now: float) -> Iterator[Metric]:
    sources = {each.source for each in overview.connections if each.role == "source"}
    sources |= {source for source, _ in counts.events}
    providers = {each.name for each in overview.connections if each.role == "provider"}
    yield _gauge("events", "Events.", ["source", "state"], _rows(counts.events))
    yield _gauge("awards", "Awards.", ["connection", "state"], _rows(counts.awards))
    yield _gauge(
        "oldest_event_seconds",
        "Age of the oldest event that is received or waiting.",
        ["source"],
        _ages(counts.events, EVENT_OPEN, sources, now),
    )
    yield _gauge(
        "oldest_award_seconds",
        "Age of the oldest award that is planned, sending or waiting.",
        ["connection"],
        _ages(counts.awards, AWARD_OPEN, providers, now),
    )
    yield _gauge("counts_age_seconds", "How old these counts are.", [], [((), max(0.0, now - counts.counted_at))])


def _rows(counted: dict[Key, Counted]) -> list[tuple[tuple[str, ...], float]]:
    return [(key, float(each.rows)) for key, each in sorted(counted.items())]


def _ages(
    counted: dict[Key, Counted], states: tuple[str, ...], known: set[str], now: float
) -> list[tuple[tuple[str, ...], float]]:
    oldest = dict.fromkeys(known, now)
    for (whose, state), each in counted.items():
        if state in states and each.oldest is not None:
            oldest[whose] = min(oldest.get(whose, now), each.oldest)
    return [((whose,), max(0.0, now - since)) for whose, since in sorted(oldest.items())]
