"""Whether an award costs the same in a large ledger as in a small one, and a worker's memory stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from .credly import templates_of
from .ledgers import Cost, Ledger, new_ledger
from .services import postgresql
from .table import Figure

SMALL, LARGE = 10_000, 1_000_000
QUICK_LARGE = 100_000
ROUNDS = 12
"""Of these the first is not counted; each has templates of its own, as whoever has a badge does not get it again."""


def measure(*, quick: bool) -> list[Figure]:
    large = QUICK_LARGE if quick else LARGE
    figures = _measure("SQLite", large, {}, {}, quick=quick)
    with postgresql() as small_url, postgresql() as large_url:
        extra = [{"BADGERELAY_DATABASE_URL": url} for url in (small_url, large_url)]
        return figures + _measure("PostgreSQL", large, *extra, quick=quick)


def _measure(
    name: str, large: int, small_extra: Mapping[str, str], large_extra: Mapping[str, str], *, quick: bool
) -> list[Figure]:
    rounds = 5 if quick else ROUNDS
    with ExitStack() as stack:
        ledgers = [
            stack.enter_context(new_ledger(rows, extra, rounds + 1))
            for rows, extra in ((SMALL, small_extra), (large, large_extra))
        ]
        for ledger in ledgers:
            ledger.seed()
        templates = [templates_of(ledger.credly) for ledger in ledgers]
        costs: list[list[Cost]] = [[], []]
        for number in range(rounds):
            order = (0, 1) if number % 2 else (1, 0)  # what else the machine does hits both alike
            for which in order:
                costs[which].append(ledgers[which].round(number, templates[which][number]))
        small, many = ([cost.own for cost in each[1:]] for each in costs)
        memory = [
            ledger.worker_memory(rounds, known[rounds]) for ledger, known in zip(ledgers, templates, strict=True)
        ]
    ratios = tuple(late / early for early, late in zip(small, many, strict=True))
    key = name.lower()
    return [
        Figure(f"{name}: an award costs, ledger of {SMALL:,}", "ms", tuple(small)),
        Figure(f"{name}: an award costs, ledger of {large:,}", "ms", tuple(many), key=f"cost_{key}"),
        Figure("  ratio, round by round", "×", ratios, 1.2, key=f"flat_{key}"),
        Figure(f"  memory of a worker at {SMALL:,}", "MB", (memory[0],)),
        Figure(f"  memory of a worker at {large:,}", "MB", (memory[1],), key=f"memory_worker_{key}"),
        Figure("  ratio", "×", (memory[1] / memory[0],), 1.1),
        *_sizes(name, ledgers[1]),
    ]


def _sizes(name: str, ledger: Ledger) -> list[Figure]:
    key = name.lower()
    return [
        Figure(f"{name}: a completion takes in the database", "bytes", (ledger.bytes_each,), key=f"bytes_{key}"),
        Figure("  rows of history", "", (ledger.history_each,), key=f"history_{key}"),
        *(
            Figure(f"  in {table}", "bytes", (size,), key=f"bytes_{key}_{table}")
            for table, size in ledger.tables_each.items()
            if size >= 1
        ),
    ]
