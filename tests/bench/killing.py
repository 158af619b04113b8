"""Kill -9 of the worker with its children, in the middle of the work: what is lost and what is there twice.

Both are counted at the provider, which is set to let a learner have a badge twice: what keeps a badge single
must be the sender. The worker is started again after the kill, as a supervisor would.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial

from .credly import LATENCY, badges, credly_sandbox, wait_until, wait_until_still
from .deliveries import deliver
from .processes import Process, badgerelay, new_home, running
from .rival.running import POOLS, Rival
from .services import redis
from .stores import LIFTED, add_alm, add_credly, know, opened, owed
from .table import Figure

RUNS = 2
THEIRS = 200
OURS = 1_000
"""More than theirs: ours has 200 on the way at once, and the kill is to come in the middle."""

KILL_AT = 0.3
"""Which part of the badges is at the provider when the kill comes."""

STILL_SECONDS = 5.0
"""Nothing more is expected to come when nothing is owed and so long a pause is over."""

LONGEST_SECONDS = 90.0

_Start = Callable[[str], AbstractContextManager[Process]]
"""Starts the worker; takes the name of its log."""


@dataclass(frozen=True, slots=True)
class Killed:
    """What was missing, and what was there twice.

    :param late: of the missing, those that Redis keeps as unacknowledged: Celery hands them out again when its
        visibility time-out of an hour is over.
    """

    lost: int
    twice: int
    late: int = 0


def measure_kill(*, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for pool in POOLS:
        runs = [_rival(pool) for _ in range(1 if quick else RUNS)]
        figures += [
            Figure(f"rival, {pool}: missing of {THEIRS} after a kill -9", "", tuple(float(run.lost) for run in runs)),
            Figure("  of these held back by Redis for an hour", "", tuple(float(run.late) for run in runs)),
            Figure("  issued twice", "", tuple(float(run.twice) for run in runs)),
        ]
    ours = [_ours() for _ in range(1 if quick else RUNS)]
    lost, twice = sum(run.lost for run in ours), sum(run.twice for run in ours)
    return [
        *figures,
        Figure(f"ours: missing of {OURS:,} after a kill -9, all runs together", "", (float(lost),), 1.0),
        Figure("  issued twice", "", (float(twice),), 1.0),
    ]


def _rival(pool: str) -> Killed:
    from redis import Redis

    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home, faults=LATENCY))
        broker = stack.enter_context(redis(home))
        rival = Rival(home, broker, credly.url)
        with rival.serving() as receiver:
            deliver(receiver.url, _learners(THEIRS))
        with Redis.from_url(broker) as client:
            killed = _kill_in_the_middle(
                credly, THEIRS, partial(rival.working, pool), lambda: int(client.llen("celery"))
            )
            late = int(client.hlen("unacked"))
    return Killed(killed.lost, killed.twice, min(late, killed.lost))


def _ours() -> Killed:
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home, faults=LATENCY))
        store = stack.enter_context(opened(home))
        add_alm(store)
        add_credly(store, credly.url, LIFTED)
        know(store, _learners(OURS))
        with running(badgerelay("serve", "--no-worker", "--port", "0"), home, "serve") as receiver:
            receiver.wait_until_it_answers()
            deliver(receiver.url, _learners(OURS))
        return _kill_in_the_middle(
            credly, OURS, lambda name: running(badgerelay("worker"), home, name, listens=False), lambda: owed(store)
        )


def _kill_in_the_middle(credly: Process, amount: int, start: _Start, owed: Callable[[], int]) -> Killed:
    """Start, kill, start again, wait until nothing more comes, count.

    :param owed: how much the sender still means to do.
    :raises RuntimeError: the kill came too late.
    """
    with start("killed") as worker:
        enough = int(KILL_AT * amount)
        wait_until(lambda: badges(credly)["total"] >= enough, LONGEST_SECONDS, f"{enough} issued; see {worker.log}")
        worker.kill()
    if badges(credly)["total"] >= amount:
        raise RuntimeError("the kill came when all was done")
    with start("restarted") as worker:
        wait_until(lambda: not owed(), LONGEST_SECONDS, f"nothing owed; see {worker.log}")
        wait_until_still(credly, STILL_SECONDS, LONGEST_SECONDS)
    counts = badges(credly)
    return Killed(amount - (counts["total"] - counts["duplicates"]), counts["duplicates"])


def _learners(amount: int) -> list[str]:
    return [str(15300000 + number) for number in range(amount)]
