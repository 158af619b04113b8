"""Against the service that a Flask developer would write: how fast it answers and issues, what a kill costs."""

from __future__ import annotations

from contextlib import ExitStack

from .acknowledging import alternate
from .credly import LATENCY, arrivals, badges, credly_sandbox, rate, wait_until
from .deliveries import deliver
from .issuing import issue_rate
from .killing import measure_kill
from .processes import badgerelay, new_home, running
from .rival.running import POOLS, Rival
from .services import redis
from .stores import add_alm, opened
from .table import Figure, percentile

RUNS = 3
SLICES = 2
DUE = {"prefork": 60, "16 threads": 500}
"""Badges that the rival issues in one run: as many as it can in about six seconds."""

OURS_DUE = 5_000
LONGEST_SECONDS = 60.0


def measure(*, quick: bool) -> list[Figure]:
    return [*_acknowledging(quick=quick), *_issuing(quick=quick), *measure_kill(quick=quick)]


def _acknowledging(*, quick: bool) -> list[Figure]:
    with new_home() as home, ExitStack() as stack:
        with opened(home) as store:
            add_alm(store)
        broker = stack.enter_context(redis(home))
        rival = stack.enter_context(Rival(home, broker, "http://127.0.0.1:9").serving())
        ours = stack.enter_context(running(badgerelay("serve", "--no-worker", "--port", "0"), home, "serve"))
        pairs = alternate(rival, ours, home, slices=1 if quick else SLICES)
    return [
        Figure(
            "rival: acknowledged, in Redis", "/s", tuple(rival.rate for rival, _ in pairs), key="rival_acknowledged"
        ),
        Figure("ours: acknowledged, committed", "/s", tuple(ours.rate for _, ours in pairs)),
        Figure("  ratio", "×", tuple(ours.rate / rival.rate for rival, ours in pairs), 2.5, "above"),
        Figure("  p99 of the rival", "ms", tuple(percentile(rival.milliseconds, 99) for rival, _ in pairs)),
        Figure("  p99 of ours", "ms", tuple(percentile(ours.milliseconds, 99) for _, ours in pairs)),
    ]


def _issuing(*, quick: bool) -> list[Figure]:
    runs = [
        (*(_rate(pool, amount) for pool, amount in DUE.items()), issue_rate(2_000 if quick else OURS_DUE))
        for _ in range(1 if quick else RUNS)
    ]
    return [
        Figure(
            "rival: issued, Credly takes 200 ms, prefork", "/s", tuple(run[0] for run in runs), key="rival_issued"
        ),
        Figure("rival: issued, 16 threads", "/s", tuple(run[1] for run in runs)),
        Figure("ours: issued", "/s", tuple(run[2] for run in runs)),
        Figure("  ratio to prefork", "×", tuple(run[2] / run[0] for run in runs), 20.0, "above"),
        Figure("  ratio to 16 threads", "×", tuple(run[2] / run[1] for run in runs)),
    ]


def _rate(pool: str, amount: int) -> float:
    """Badges a second of the rival, measured as ours are. :raises RuntimeError: a badge is missing."""
    assert pool in POOLS
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home, faults=LATENCY))
        rival = Rival(home, stack.enter_context(redis(home)), credly.url)
        with rival.serving() as receiver:
            deliver(receiver.url, [str(number) for number in range(amount)])
        worker = stack.enter_context(rival.working(pool, "worker"))
        wait_until(lambda: badges(credly)["total"] >= amount, LONGEST_SECONDS, f"{amount} issued; see {worker.log}")
        return rate(amount, arrivals(credly))
