"""Durable acknowledgement: deliveries committed per second, against a view that stores nothing."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from badgerelay.plugin.web.server import THREADS

from .load import Loaded, load
from .processes import Process, badgerelay, new_home, running
from .stores import add_alm, opened
from .table import Figure, percentile

CONNECTIONS = 32
RUNS = 3
SLICES = 4
SLICE_SECONDS = 2.0


def measure(*, quick: bool) -> list[Figure]:
    with new_home() as home, ExitStack() as stack:
        with opened(home) as store:
            add_alm(store)
        bare = stack.enter_context(_serving(home, "bare", "granian", THREADS))
        ours = stack.enter_context(running(badgerelay("serve", "--no-worker", "--port", "0"), home, "serve"))
        pairs = alternate(bare, ours, home, slices=1 if quick else SLICES)
    return [
        Figure("acknowledged, stored nowhere (bare Flask view)", "/s", tuple(bare.rate for bare, _ in pairs)),
        Figure(
            "acknowledged, committed (badgerelay)",
            "/s",
            tuple(ours.rate for _, ours in pairs),
            key="acknowledged_sqlite",
        ),
        Figure("  ratio", "×", tuple(ours.rate / bare.rate for bare, ours in pairs), 0.7, "above"),
        Figure("  p50", "ms", tuple(percentile(ours.milliseconds, 50) for _, ours in pairs)),
        Figure("  p99", "ms", tuple(percentile(ours.milliseconds, 99) for _, ours in pairs), 50.0),
        Figure("  p50 of the bare view", "ms", tuple(percentile(bare.milliseconds, 50) for bare, _ in pairs)),
        Figure("  p99 of the bare view", "ms", tuple(percentile(bare.milliseconds, 99) for bare, _ in pairs)),
    ]


def measure_servers(*, quick: bool) -> list[Figure]:
    """The same on both servers and with several numbers of threads, to choose by."""
    figures: list[Figure] = []
    for server in ("granian", "waitress"):
        for threads in (8, 16, 32):
            with new_home() as home, ExitStack() as stack:
                with opened(home) as store:
                    add_alm(store)
                bare = stack.enter_context(_serving(home, "bare", server, threads))
                ours = stack.enter_context(_serving(home, "ours", server, threads))
                pairs = alternate(bare, ours, home, slices=1 if quick else 2)
            name = f"{server}, {threads} threads"
            figures += [
                Figure(f"{name}: bare", "/s", tuple(bare.rate for bare, _ in pairs)),
                Figure(f"{name}: committed", "/s", tuple(ours.rate for _, ours in pairs)),
                Figure("  ratio", "×", tuple(ours.rate / bare.rate for bare, ours in pairs)),
                Figure("  p99", "ms", tuple(percentile(ours.milliseconds, 99) for _, ours in pairs)),
            ]
    return figures


@contextmanager
def _serving(home: Path, which: str, server: str, threads: int) -> Iterator[Process]:
    command = [sys.executable, "-m", "tests.bench.serving", which, server, str(threads)]
    with running(command, home, f"{which}-{server}") as process:
        yield process


def alternate(other: Process, ours: Process, home: Path, *, slices: int) -> list[tuple[Loaded, Loaded]]:
    """Runs of both, the other first, in slices that alternate, so that what else the machine does hits both.

    :raises RuntimeError: a delivery was not acknowledged, or not stored although it was.
    """
    for process in (other, ours):
        process.wait_until_it_answers()
        _load(process, 0.5)
    runs: list[tuple[Loaded, Loaded]] = []
    for _ in range(RUNS):
        pairs = [(_load(other, SLICE_SECONDS), _load(ours, SLICE_SECONDS)) for _ in range(slices)]
        runs.append((_together([first for first, _ in pairs]), _together([second for _, second in pairs])))
    with opened(home) as store:
        committed = store.views.counts()["events"].get("received", 0)
    acknowledged = sum(len(ours.milliseconds) for _, ours in runs)
    if committed < acknowledged:
        raise RuntimeError(f"{acknowledged} deliveries were acknowledged and {committed} are stored")
    return runs


def _together(slices: Sequence[Loaded]) -> Loaded:
    """One run of its slices: the mean rate, and percentiles over all deliveries."""
    times = [value for part in slices for value in part.milliseconds]
    return Loaded(statistics.mean(part.rate for part in slices), times, 0)


def _load(process: Process, seconds: float) -> Loaded:
    loaded = load(urlsplit(process.url).port or 0, connections=CONNECTIONS, seconds=seconds)
    if loaded.failed:
        raise RuntimeError(f"{loaded.failed} deliveries to {process.name} were not acknowledged; see {process.log}")
    return loaded
