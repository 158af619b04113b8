"""What was measured, against what is wanted."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from badgerelay.plugin.cli.tables import plain_lines


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, the median of several runs.

    :param runs: the number of each run.
    :param wanted: the bound, or None for a number that is only shown.
    :param better: on which side of the bound it has to be.
    :param key: its name in the file of figures; without one it is not kept.
    """

    name: str
    unit: str
    runs: tuple[float, ...]
    wanted: float | None = None
    better: Literal["above", "below"] = "below"
    key: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.runs)

    @property
    def met(self) -> bool:
        if self.wanted is None:
            return True
        return self.value >= self.wanted if self.better == "above" else self.value < self.wanted


def print_figures(figures: Sequence[Figure]) -> None:
    rows = []
    for figure in figures:
        sign = "≥" if figure.better == "above" else "<"
        target = "" if figure.wanted is None else f"{sign} {_number(figure.wanted)}"
        verdict = "" if figure.wanted is None else "PASS" if figure.met else "FAIL"
        rows.append(
            [
                figure.name,
                f"{_number(figure.value)} {figure.unit}".strip(),
                target,
                verdict,
                "  ".join(map(_number, figure.runs)),
            ]
        )
    print("\n".join(plain_lines(["measured", "median", "target", "", "runs"], rows)))


def machine() -> str:
    """Cores, processor and Python, as one line."""
    processor = ""
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {processor or platform.processor() or 'unknown processor'}, {_python()}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; of no values, infinity: what never came was not fast."""
    if not values:
        return float("inf")
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
