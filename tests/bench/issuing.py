"""Issuing what is due: how many badges a second, and in how much memory."""

from __future__ import annotations

import time
from contextlib import ExitStack

from .credly import LATENCY, arrivals, badges, credly_sandbox, rate, wait_until
from .processes import Process, badgerelay, get_json, new_home, running
from .stores import add_credly, opened, plan_awards
from .table import Figure

RUNS = 3
AWARDS = 5_000
MANY_AWARDS = 100_000
LONGEST_SECONDS = 120.0
MEMORY_SECONDS = 60.0


def measure_rate(*, quick: bool) -> list[Figure]:
    amount = 2_000 if quick else AWARDS
    rates = tuple(issue_rate(amount) for _ in range(1 if quick else RUNS))
    return [Figure(f"issued, {amount:,} due, Credly takes 200 ms", "/s", rates, 500.0, "above", key="issued_sqlite")]


def measure_memory(*, quick: bool) -> list[Figure]:
    """``serve`` and its children, weighed while they work on many awards."""
    amount, seconds = (20_000, 10.0) if quick else (MANY_AWARDS, MEMORY_SECONDS)
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home))
        with opened(home) as store:
            add_credly(store, credly.url)
            plan_awards(store, amount)
        serve = stack.enter_context(running(badgerelay("serve", "--port", "0"), home, "serve"))
        serve.wait_until_it_answers()
        weights = _weigh(serve, credly, amount, seconds)
        issued = _asked_for(credly)
    half = len(weights) // 2
    return [
        Figure(
            f"memory of serve, {amount:,} due, {issued:,} issued: peak",
            "MB",
            (max(weights),),
            150.0,
            key="memory_serve",
        ),
        Figure("  at the beginning", "MB", (weights[0],)),
        Figure("  mean of the second half", "MB", (sum(weights[half:]) / len(weights[half:]),)),
    ]


def issue_rate(amount: int) -> float:
    """Badges a second, from the first request's arrival at the sandbox to the last one's answer.

    :raises RuntimeError: a badge is missing or was made twice.
    """
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home, faults=LATENCY))
        with opened(home) as store:
            add_credly(store, credly.url)
            plan_awards(store, amount)
        worker = stack.enter_context(running(badgerelay("worker"), home, "worker", listens=False))
        wait_until(lambda: badges(credly)["total"] >= amount, LONGEST_SECONDS, f"{amount} issued; see {worker.log}")
        counts = badges(credly)
        if counts["total"] != amount or counts["duplicates"]:
            raise RuntimeError(f"{amount} due, and the sandbox has {counts}; {worker.log.read_text()[-2000:]}")
        return rate(amount, arrivals(credly))


def _weigh(serve: Process, credly: Process, amount: int, seconds: float) -> list[float]:
    weights: list[float] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _asked_for(credly) < amount:
        weights.append(serve.memory())
        time.sleep(1.0)
    return weights


def _asked_for(credly: Process) -> int:
    """How many badges the sandbox was asked to make; quicker to say than how many there are."""
    counts = get_json(f"{credly.url}/_sandbox/requests")["counts"]
    return 50 * int(counts.get("POST badges/batch", 0)) + int(counts.get("POST badges", 0))
