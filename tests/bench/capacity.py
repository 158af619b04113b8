"""What one receiver and one worker do on either database: what ``docs/explanation/scale.md`` counts with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from .credly import LATENCY, arrivals, badges, credly_sandbox, rate, wait_until
from .deliveries import deliver
from .load import load
from .processes import badgerelay, call, new_home, running
from .services import postgresql
from .stores import LIFTED, add_alm, add_credly, know, opened
from .table import Figure

RUNS = 2
CONNECTIONS = 32
SECONDS = 4.0
COMPLETIONS, QUICK_COMPLETIONS = 5_000, 1_500
LONGEST_SECONDS = 120.0


def measure(*, quick: bool) -> list[Figure]:
    runs = 1 if quick else RUNS
    amount = QUICK_COMPLETIONS if quick else COMPLETIONS
    acknowledged = tuple(_acknowledged() for _ in range(runs))
    pipelines = [(_pipeline(amount, embedded=True), _pipeline(amount, embedded=False)) for _ in range(runs)]
    return [
        Figure("PostgreSQL: acknowledged, committed", "/s", acknowledged, key="acknowledged_postgresql"),
        Figure(
            f"SQLite: {amount:,} completions decided and issued by one worker, Credly takes 200 ms",
            "/s",
            tuple(pipeline for pipeline, _ in pipelines),
            key="pipeline_sqlite",
        ),
        Figure("PostgreSQL: the same", "/s", tuple(pipeline for _, pipeline in pipelines), key="pipeline_postgresql"),
    ]


@contextmanager
def _database(*, embedded: bool) -> Iterator[Mapping[str, str]]:
    """The environment that leads to a new database."""
    if embedded:
        yield {}
        return
    with postgresql() as url:
        yield {"BADGERELAY_DATABASE_URL": url}


def _acknowledged() -> float:
    with new_home() as home, ExitStack() as stack:
        extra = stack.enter_context(_database(embedded=False))
        call(badgerelay("db", "upgrade"), home, extra)
        with opened(home, extra) as store:
            add_alm(store)
        command = badgerelay("serve", "--no-worker", "--port", "0")
        serve = stack.enter_context(running(command, home, "serve", extra=extra))
        serve.wait_until_it_answers()
        loaded = load(urlsplit(serve.url).port or 0, connections=CONNECTIONS, seconds=SECONDS)
        if loaded.failed:
            raise RuntimeError(f"{loaded.failed} deliveries were not acknowledged; {serve.log.read_text()[-2000:]}")
    return loaded.rate


def _pipeline(amount: int, *, embedded: bool) -> float:
    """Completions a second that one worker makes badges of, learners known, from the first call to the last answer.

    :raises RuntimeError: a badge is missing or there twice.
    """
    learners = [str(15300000 + number) for number in range(amount)]
    with new_home() as home, ExitStack() as stack:
        extra = stack.enter_context(_database(embedded=embedded))
        credly = stack.enter_context(credly_sandbox(home, faults=LATENCY))
        call(badgerelay("db", "upgrade"), home, extra)
        with opened(home, extra) as store:
            add_alm(store)
            add_credly(store, credly.url, LIFTED)
            know(store, learners)
        command = badgerelay("serve", "--no-worker", "--port", "0")
        with running(command, home, "serve", extra=extra) as serve:
            serve.wait_until_it_answers()
            deliver(serve.url, learners)
        worker = stack.enter_context(running(badgerelay("worker"), home, "worker", listens=False, extra=extra))
        wait_until(lambda: badges(credly)["total"] >= amount, LONGEST_SECONDS, f"{amount} issued; see {worker.log}")
        counts = badges(credly)
        if counts["total"] != amount or counts["duplicates"]:
            raise RuntimeError(f"{amount} completed, and the sandbox has {counts}")
        return rate(amount, arrivals(credly))
