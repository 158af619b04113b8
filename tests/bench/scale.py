"""``docs/explanation/scale.md``, computed from the figures that were kept: ``python -m tests.bench.scale``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.plugin.sources.alm.decide.learners import LEARNERS_AT_ONCE

from .measured import FILE, Measured, load

PAGE = FILE.with_name("scale.md")
TEMPLATE = Path(__file__).with_name("scale.md")

DAYS = {"a million": 1_000_000, "a hundred million": 100_000_000}
DAY_SECONDS = 86_400
PEAK_FACTOR = 5
HEADROOM = 0.5
RETENTION_DAYS = (30, 90, 365)
ALM_CALLS_AN_HOUR = 500
CREDLY_CALLS_A_SECOND = 20
AWARDS_AN_HOUR = 1_000
"""The three of them are defaults of connections: ``rate``, ``rate`` and ``award_limit``."""

SHOWN = {
    "acknowledged_sqlite": "one receiver, SQLite: acknowledged and committed",
    "acknowledged_postgresql": "one receiver, PostgreSQL: acknowledged and committed",
    "pipeline_sqlite": "one worker, SQLite: completions decided and issued, the provider takes 200 ms a call",
    "pipeline_postgresql": "one worker, PostgreSQL: the same",
    "scaling": "4 workers against 1, where waiting for the provider is the limit",
    "cost_sqlite": "an award costs in a ledger of a million, SQLite",
    "cost_postgresql": "an award costs in a ledger of a million, PostgreSQL",
    "flat_sqlite": "against a ledger of ten thousand, SQLite",
    "flat_postgresql": "against a ledger of ten thousand, PostgreSQL",
    "bytes_sqlite": "a completion takes in the database, indexes included, SQLite",
    "bytes_postgresql": "a completion takes in the database, indexes included, PostgreSQL",
    "memory_worker_postgresql": "memory of a worker at a ledger of a million",
    "memory_serve": "memory of `serve` at its peak",
}


class Figures:
    """What was measured, by key, and what follows from it."""

    def __init__(self, measured: Mapping[str, Measured]) -> None:
        """:raises KeyError: a figure is missing; its benchmark has to be run with ``--save``."""
        self.measured = {key: measured[key] for key in SHOWN}
        self.history = measured["history_postgresql"].value
        self.tables = {
            key.removeprefix("bytes_postgresql_"): each.value
            for key, each in measured.items()
            if key.startswith("bytes_postgresql_")
        }
        self.quick = any(each.quick for each in measured.values())
        self.machines = sorted({each.machine for each in measured.values()})

    def value(self, key: str) -> float:
        return self.measured[key].value

    @property
    def alm_learners(self) -> int:
        """Learners that one ALM account's budget can tell of in a day."""
        return ALM_CALLS_AN_HOUR * 24 * LEARNERS_AT_ONCE

    @property
    def credly_badges(self) -> int:
        """Badges a day of one connection at the default rate."""
        return CREDLY_CALLS_A_SECOND * CredlyAdapter.capabilities.max_batch * DAY_SECONDS

    def at_peak(self, rate: float) -> float:
        """Completions a day that something can do which does so many a second, planned for the peak."""
        return rate * HEADROOM * DAY_SECONDS / PEAK_FACTOR


def needs(figures: Figures) -> str:
    rows = [
        ["completions a second, mean", *(f"{day / DAY_SECONDS:,.0f}" for day in DAYS.values())],
        ["completions a second, peak", *(f"{PEAK_FACTOR * day / DAY_SECONDS:,.0f}" for day in DAYS.values())],
        ["receivers, PostgreSQL", *_many(figures.at_peak(figures.value("acknowledged_postgresql")))],
        ["workers, PostgreSQL", *_many(figures.at_peak(figures.value("pipeline_postgresql")))],
        ["one machine on SQLite is enough", *_enough(figures)],
        ["Credly connections at the default `rate`", *_many(figures.credly_badges)],
        ["ALM accounts, if every learner is a new one each day", *_many(figures.alm_learners)],
        ["PostgreSQL grows in a day", *(_size(day * figures.value("bytes_postgresql")) for day in DAYS.values())],
        ["rows of history in a day", *(f"{day * figures.history:,.0f}" for day in DAYS.values())],
    ]
    return _table(["a day", *DAYS], rows)


def limits(figures: Figures) -> str:
    found = [
        ("one Credly connection at the default `award_limit`: what is beyond it is held", AWARDS_AN_HOUR * 24),
        (
            f"one ALM account: look-ups of learners who are all new, {LEARNERS_AT_ONCE} in a request",
            figures.alm_learners,
        ),
        ("one ALM account: look-ups of learners who are all new, one in a request", ALM_CALLS_AN_HOUR * 24),
        ("one worker, PostgreSQL", figures.at_peak(figures.value("pipeline_postgresql"))),
        ("one worker, SQLite", figures.at_peak(figures.value("pipeline_sqlite"))),
        ("one receiver, PostgreSQL", figures.at_peak(figures.value("acknowledged_postgresql"))),
        ("one receiver, SQLite", figures.at_peak(figures.value("acknowledged_sqlite"))),
        ("one Credly connection at the default `rate`, all day long", figures.credly_badges),
    ]
    rows = [[what, f"{_round(most):,.0f}"] for what, most in sorted(found, key=lambda each: each[1])]
    return _table(["what", "completions a day"], rows)


def growth(figures: Figures) -> str:
    rows = [
        [name, *(_size(days * day * figures.value(key)) for day in DAYS.values() for days in (1, 365))]
        for name, key in (("SQLite", "bytes_sqlite"), ("PostgreSQL", "bytes_postgresql"))
    ]
    return _table(["", *(f"{name} a day, in {span}" for name in DAYS for span in ("a day", "a year"))], rows)


def retention(figures: Figures) -> str:
    kept = figures.tables["awards"]
    gone = figures.value("bytes_postgresql") - kept
    rows = [
        [f"{days} days", *(_size(day * (days * gone + 365 * kept)) for day in DAYS.values())]
        for days in RETENTION_DAYS
    ]
    return _table(
        ["events and history kept for", *(f"PostgreSQL after a year of {name} a day" for name in DAYS)], rows
    )


def page(measured: Mapping[str, Measured]) -> str:
    """The whole page. :raises KeyError: a figure is missing."""
    figures = Figures(measured)
    shown = [[words, f"{_round(figures.value(key)):,g} {figures.measured[key].unit}"] for key, words in SHOWN.items()]
    warning = "\n\n**From a quick run on a busy machine: a first impression, not a result.**" if figures.quick else ""
    return TEMPLATE.read_text().format(
        machine="; ".join(figures.machines),
        warning=warning,
        measured=_table(["", "measured"], shown),
        history=f"{figures.history:.0f}",
        peak_factor=PEAK_FACTOR,
        headroom=HEADROOM,
        needs=needs(figures),
        memory_worker=f"{figures.value('memory_worker_postgresql'):.0f} MB",
        memory_serve=f"{figures.value('memory_serve'):.0f} MB",
        scaling=f"{figures.value('scaling'):.2f}",
        limits=limits(figures),
        alm_calls=ALM_CALLS_AN_HOUR,
        alm_learners=figures.alm_learners,
        alm_one_by_one=ALM_CALLS_AN_HOUR * 24,
        learners_at_once=LEARNERS_AT_ONCE,
        awards_an_hour=AWARDS_AN_HOUR,
        pipeline_postgresql=figures.value("pipeline_postgresql"),
        growth=growth(figures),
        kept=f"{figures.tables['awards']:,.0f} bytes",
        all=f"{figures.value('bytes_postgresql'):,.0f} bytes",
        retention=retention(figures),
    )


def _many(most: float) -> list[str]:
    return [f"{math.ceil(day / most):,}" for day in DAYS.values()]


def _enough(figures: Figures) -> list[str]:
    most = min(figures.at_peak(figures.value(key)) for key in ("acknowledged_sqlite", "pipeline_sqlite"))
    return ["yes" if day <= most else "no" for day in DAYS.values()]


def _round(value: float) -> float:
    """Three digits."""
    return float(f"{value:.3g}")


def _size(size: float) -> str:
    for unit in ("MB", "GB"):
        if size < 1000 * {"MB": 1e6, "GB": 1e9}[unit]:
            return f"{_round(size / {'MB': 1e6, 'GB': 1e9}[unit]):,g} {unit}"
    return f"{_round(size / 1e12):,g} TB"


def _table(headers: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    cells = [
        [f" {cell.ljust(width)} " for cell, width in zip(line, widths, strict=True)] for line in [headers, *rows]
    ]
    cells.insert(1, ["-" * (width + 2) for width in widths])
    return "\n".join(f"|{'|'.join(line)}|" for line in cells)


if __name__ == "__main__":
    PAGE.write_text(page(load()))
    print(f"written: {PAGE}")
