"""Durable acknowledgement: deliveries committed per second, against a view that stores nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from badgerelay.plugin.web.server import THREADS

from .load import Loaded, load
from .processes import Process, badgerelay, new_home, running
from .stores import add_alm, opened
from .table import Figure

CONNECTIONS = 32
RUNS = 3


def measure(*, quick: bool) -> list[Figure]:
    with new_home() as home, ExitStack() as stack:
        _prepare(home)
        bare = stack.enter_context(_serving(home, "bare", "granian", THREADS))
        ours = stack.enter_context(running(badgerelay("serve", "--no-worker", "--port", "0"), home, "serve"))
        pairs = _alternate(bare, ours, home, quick=quick)
    return [
        Figure("acknowledged, stored nowhere (bare Flask view)", "/s", tuple(bare.rate for bare, _ in pairs)),
        Figure("acknowledged, committed (badgerelay)", "/s", tuple(ours.rate for _, ours in pairs)),
        Figure("  ratio", "×", tuple(ours.rate / bare.rate for bare, ours in pairs), 0.7, "above"),
        Figure("  p50", "ms", tuple(ours.p50 for _, ours in pairs)),
        Figure("  p99", "ms", tuple(ours.p99 for _, ours in pairs), 50.0),
        Figure("  p50 of the bare view", "ms", tuple(bare.p50 for bare, _ in pairs)),
        Figure("  p99 of the bare view", "ms", tuple(bare.p99 for bare, _ in pairs)),
    ]


def measure_servers(*, quick: bool) -> list[Figure]:
    """The same on both servers and with several numbers of threads, to choose by."""
    figures: list[Figure] = []
    for server in ("granian", "waitress"):
        for threads in (8, 16, 32):
            with new_home() as home, ExitStack() as stack:
                _prepare(home)
                bare = stack.enter_context(_serving(home, "bare", server, threads))
                ours = stack.enter_context(_serving(home, "ours", server, threads))
                pairs = _alternate(bare, ours, home, quick=quick)
            name = f"{server}, {threads} threads"
            figures += [
                Figure(f"{name}: bare", "/s", tuple(bare.rate for bare, _ in pairs)),
                Figure(f"{name}: committed", "/s", tuple(ours.rate for _, ours in pairs)),
                Figure("  ratio", "×", tuple(ours.rate / bare.rate for bare, ours in pairs)),
                Figure("  p99", "ms", tuple(ours.p99 for _, ours in pairs)),
            ]
    return figures


def _prepare(home: Path) -> None:
    with opened(home) as store:
        add_alm(store)


@contextmanager
def _serving(home: Path, which: str, server: str, threads: int) -> Iterator[Process]:
    command = [sys.executable, "-m", "tests.bench.serving", which, server, str(threads)]
    with running(command, home, f"{which}-{server}") as process:
        yield process


def _alternate(bare: Process, ours: Process, home: Path, *, quick: bool) -> list[tuple[Loaded, Loaded]]:
    """Runs in turn, so that what else the machine does hits both. :raises RuntimeError: something was lost."""
    seconds = 2.0 if quick else 6.0
    pairs: list[tuple[Loaded, Loaded]] = []
    for process in (bare, ours):
        process.wait_until_it_answers()
        _load(process, 0.5)
    for _ in range(RUNS):
        pairs.append((_load(bare, seconds), _load(ours, seconds)))
    with opened(home) as store:
        committed = store.views.counts()["events"].get("received", 0)
    acknowledged = sum(ours.acknowledged for _, ours in pairs)
    if committed < acknowledged:
        raise RuntimeError(f"{acknowledged} deliveries were acknowledged and {committed} are stored")
    return pairs


def _load(process: Process, seconds: float) -> Loaded:
    loaded = load(urlsplit(process.url).port or 0, connections=CONNECTIONS, seconds=seconds)
    if loaded.failed:
        raise RuntimeError(f"{loaded.failed} deliveries to {process.name} were not acknowledged; see {process.log}")
    return loaded
