"""Badges of our own: how many are signed a second, how soon a page and a status list of a million answer."""

from __future__ import annotations

import base64
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from werkzeug.test import Client

from badgerelay.adapters import Adapter, Award, Change, IssuedBadge, Recipient, TemplateDraft
from badgerelay.adapters.openbadges.status import BLOCK, BLOCKS, KIND, LENGTH
from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared
from badgerelay.plugin.providers.pool import make_adapter
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store, open_store
from badgerelay.plugin.web.app import create_app

from .table import Figure

BADGES, QUICK_BADGES = 5_000, 1_000
BATCH = 100
ASKED, QUICK_ASKED = 200, 50
RUNS = 3
PUBLIC = "https://badges.example.org"


def measure(*, quick: bool) -> list[Figure]:
    """In this process, on one thread, with SQLite on disk: no sandbox stands between."""
    with TemporaryDirectory(prefix="badgerelay-bench.") as folder:
        store = open_store(Settings(Path(folder), f"sqlite:///{folder}/badgerelay.db", public_url=PUBLIC))
        try:
            return _measure(store, QUICK_BADGES if quick else BADGES, QUICK_ASKED if quick else ASKED)
        finally:
            store.close()


def _measure(store: Store, badges: int, asked: int) -> list[Figure]:
    connect(store, Declared("openbadges", "campus", {"issuer_name": "Example Academy", "did": "web"}))
    connection = store.connections.get("campus")
    assert connection is not None
    adapter = make_adapter(store, connection)
    adapter.make_template(TemplateDraft("graph-101", "Graphs", "Completed the course.", "Finish it."))
    adapter.issue([_award("warm")])
    wall, cpu = [], []
    for run in range(RUNS):
        began, used = time.perf_counter(), time.process_time()
        for start in range(0, badges, BATCH):
            adapter.issue([_award(f"{run}-{start + number}") for number in range(BATCH)])
        wall.append(badges / (time.perf_counter() - began))
        cpu.append(badges / (time.process_time() - used))
    made = next(iter(adapter.issue([_award("0-0")])))
    assert isinstance(made, IssuedBadge)
    assert made.existed
    assert made.url
    client = Client(create_app(store))
    page = made.url.removeprefix(PUBLIC)
    status = "/public/campus/status/w-0"
    used = time.process_time()
    pages = _each(asked, lambda: _get(client, page, "text/html"))
    page_cpu = (time.process_time() - used) * 1000 / asked
    _fill(adapter)
    _get(client, status, "application/json")
    kept = _each(asked, lambda: _get(client, status, "application/json"))
    revocations, renewed = [], []
    for badge in [badge.id for badge in adapter.badges()][: asked // 4]:
        revocations += _each(1, lambda badge=badge: adapter.revoke(badge, "measured"))  # type: ignore[misc]
        renewed += _each(1, lambda: _get(client, status, "application/json"))
    return [
        Figure(f"Open Badges, signed and kept in batches of {BATCH}", "/s", tuple(wall), 150, "above", "openbadges"),
        Figure("  a second of one core", "/s", tuple(cpu)),
        Figure("  page of a badge, verified anew", "ms", _medians(pages), 50),
        Figure("  the same, by its own CPU time", "ms", (page_cpu,)),
        Figure(f"  status list of {LENGTH:,}, half of them revoked", "ms", _medians(kept), 50),
        Figure("  the same, signed anew after a revocation", "ms", _medians(renewed), 50),
        Figure("  a revocation", "ms", _medians(revocations)),
    ]


def _award(earner: str) -> Award:
    person = Recipient(f"{earner}@learners.example.org", "Ines", "Moreau", f"lms:{earner}")
    return Award(earner, "graph-101", person, datetime(2026, 3, 2, 13, 5, tzinfo=UTC))


def _fill(adapter: Adapter) -> None:
    """A list of as many badges as it holds, half of them revoked by chance: nothing packs worse."""
    records = adapter.context.records
    assert records is not None
    records.take("positions-w", LENGTH - records.taken("positions-w"))
    blocks = [base64.b64encode(os.urandom(BLOCK)).decode() for _ in range(BLOCKS)]
    changes = [Change(KIND, f"w-0/{number:03d}", block, group="w-0") for number, block in enumerate(blocks)]
    if not records.change(changes):
        raise RuntimeError("the list is there already")


def _each(times: int, call: Callable[[], object]) -> list[float]:
    """Milliseconds of each call."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _medians(values: list[float]) -> tuple[float, ...]:
    """Of each third: as three runs."""
    return tuple(statistics.median(values[number::RUNS]) for number in range(RUNS))


def _get(client: Client, path: str, accept: str) -> None:
    answer = client.get(path, headers={"Accept": accept})
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
