"""Whether four workers do four times the work of one, where waiting for the provider is the limit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack

from .credly import LATENCY, arrivals, badges, credly_sandbox, wait_until
from .declaring import declaration
from .processes import badgerelay, call, new_home, running
from .services import postgresql
from .stores import LIFTED, opened, plan_awards
from .table import Figure

RUNS = 3
MANY = 4
SECONDS, QUICK_SECONDS = 9.0, 5.0
AWARDS = 1_000
"""More than are issued meanwhile."""

ONE_BY_ONE: Mapping[str, str | int] = {"max_batch": 1, **LIFTED}
LONGEST_SECONDS = 60.0


def measure(*, quick: bool) -> list[Figure]:
    seconds = QUICK_SECONDS if quick else SECONDS
    pairs = [(_rate(1, seconds), _rate(MANY, seconds)) for _ in range(1 if quick else RUNS)]
    return [
        Figure(
            "1 worker, one call of one badge in flight, Credly takes 200 ms", "/s", tuple(one for one, _ in pairs)
        ),
        Figure(f"{MANY} workers, PostgreSQL", "/s", tuple(many for _, many in pairs)),
        Figure("  ratio", "×", tuple(many / one for one, many in pairs), 3.5, "above", key="scaling"),
    ]


def _rate(workers: int, seconds: float) -> float:
    """Badges a second while all are at work. :raises RuntimeError: one was made twice, or there were too few."""
    with new_home() as home, ExitStack() as stack:
        extra = {"BADGERELAY_DATABASE_URL": stack.enter_context(postgresql())}
        credly = stack.enter_context(credly_sandbox(home, faults=LATENCY))
        call(badgerelay("db", "upgrade"), home, extra)
        file = home / "connections.toml"
        file.write_text(declaration(credly.url, None, ONE_BY_ONE))
        call(badgerelay("connect", "--from", str(file)), home, extra)
        with opened(home, extra) as store:
            plan_awards(store, AWARDS)
        for number in range(workers):
            command = badgerelay("worker", "--concurrency", "1")
            stack.enter_context(running(command, home, f"worker-{number}", listens=False, extra=extra))
        wait_until(
            lambda: len(arrivals(credly)) > 5 * workers, LONGEST_SECONDS, f"all at work; see {home}/worker-*.log"
        )
        begin = time.time()
        time.sleep(seconds)
        issued = sum(begin <= moment < begin + seconds for moment in arrivals(credly))
        counts = badges(credly)
        if counts["duplicates"] or counts["total"] >= AWARDS:
            raise RuntimeError(f"the sandbox has {counts}")
    return issued / seconds
