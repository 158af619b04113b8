"""A ledger with a past, its provider, and what an award costs in it: decide, claim, settle."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from badgerelay.adapters.base import Adapter
from badgerelay.adapters.values import Award, Outcome
from badgerelay.plugin.delivery.send import send_batch
from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.providers.pool import Providers
from badgerelay.plugin.sources.alm.api.documents import BadgeRecord
from badgerelay.plugin.sources.alm.decide.source import AlmSource
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.inbox.events import NewEvent
from badgerelay.plugin.web.endpoints import Endpoints

from .credly import badges, credly_sandbox, wait_until
from .deliveries import INSTANCE, body, new_id
from .filling import bytes_of, bytes_of_tables, fill, history_of, tidy
from .processes import Process, badgerelay, call, new_home, running
from .stores import LIFTED, add_alm, add_credly, know, opened, with_badge

AWARDS = 500
"""Awards of one round."""

MEMORY_AWARDS = 2_000
LONGEST_SECONDS = 120.0
SEED = 15300000


@dataclass(slots=True)
class Cost:
    """Seconds spent in one round: in all, and waiting for the provider."""

    total: float
    provider: float

    @property
    def own(self) -> float:
        """Milliseconds of ours for an award: decide, claim, settle."""
        return 1000 * (self.total - self.provider) / AWARDS


class _Timed:
    """An adapter, and the seconds that its ``issue`` took."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def issue(self, awards: Sequence[Award]) -> Sequence[Outcome]:
        begin = time.perf_counter()
        try:
            return self._adapter.issue(awards)
        finally:
            self.seconds += time.perf_counter() - begin


@dataclass(slots=True)
class Ledger:
    """One ledger of so many completions, with a provider of its own.

    :ivar bytes_each: what a completion takes in the database. :ivar tables_each: the same by table, of PostgreSQL.
    :ivar history_each: rows of history of one completion.
    """

    home: Path
    extra: Mapping[str, str]
    store: Store
    credly: Process
    rows: int
    bytes_each: float = 0.0
    history_each: float = 0.0
    tables_each: dict[str, float] = field(default_factory=dict)

    def seed(self) -> None:
        """One real completion, and as many copies of it as wanted."""
        empty = bytes_of(self.store)
        add_alm(self.store)
        add_credly(self.store, self.credly.url, LIFTED)
        know(self.store, [str(SEED)])
        self._add([str(SEED)], INSTANCE)
        self._work()
        if badges(self.credly)["total"] != 1:
            raise RuntimeError("the first completion did not become a badge")
        fill(self.store, self.rows, first_learner=SEED + 1, seed_learner=str(SEED))
        tidy(self.store)
        self.bytes_each = (bytes_of(self.store) - empty) / self.rows
        self.history_each = history_of(self.store) / (self.rows + 1)
        if not self.store.database.embedded:
            self.tables_each = {name: size / self.rows for name, size in bytes_of_tables(self.store).items()}

    def round(self, number: int, template: str) -> Cost:
        """Learners from all over the ledger complete another course."""
        self._complete(AWARDS, number, template)
        begin = time.perf_counter()
        provider = self._work()
        return Cost(time.perf_counter() - begin, provider)

    def worker_memory(self, number: int, template: str) -> float:
        """MB of a worker process once it has issued some awards."""
        before = badges(self.credly)["total"]
        self._complete(MEMORY_AWARDS, number, template)
        with running(badgerelay("worker"), self.home, "worker", listens=False, extra=self.extra) as worker:
            wait_until(
                lambda: badges(self.credly)["total"] >= before + MEMORY_AWARDS,
                LONGEST_SECONDS,
                f"{MEMORY_AWARDS} issued; see {worker.log}",
            )
            return worker.memory()

    def _complete(self, amount: int, number: int, template: str) -> None:
        instance = f"course:{8810000 + number}_{17710000 + number}"
        badge = BadgeRecord(str(5000 + number), f"Course {number}", template, "credly", "ACTIVE")
        lo_id = instance.rpartition("_")[0]
        self.store.cache("acme").put("object", {lo_id: with_badge(lo_id, instance, badge)}, self.store.now())
        chosen = random.sample(range(SEED + 1, SEED + self.rows), amount)
        self._add([str(user) for user in chosen], instance)

    def _add(self, users: Sequence[str], instance: str) -> None:
        endpoint = Endpoints(self.store).alm("acme")
        assert endpoint is not None
        new: list[NewEvent] = []
        for user in users:
            new += endpoint.take(decode(body(new_id(), user_id=user, instance_id=instance)))
        self.store.inbox.add(new, self.store.now())

    def _work(self) -> float:
        """Decide, claim and settle until nothing is due; the seconds that the provider took."""
        store, source = self.store, AlmSource(self.store, "acme")
        while decide_batch(store, source, "acme", "bench"):
            pass
        connection = store.connections.get("academy")
        assert connection is not None
        adapter = _Timed(Providers(store).adapter(connection))
        while send_batch(store, connection, adapter, "bench"):  # type: ignore[arg-type]  # it acts as one
            pass
        return adapter.seconds


@contextmanager
def new_ledger(rows: int, extra: Mapping[str, str], templates: int) -> Iterator[Ledger]:
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home, templates=templates + 1))
        if extra:
            call(badgerelay("db", "upgrade"), home, extra)
        yield Ledger(home, extra, stack.enter_context(opened(home, extra)), credly, rows)
