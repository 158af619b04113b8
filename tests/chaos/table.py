"""The results of a run, one set-up a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from badgerelay.plugin.cli.tables import plain_lines

from .storm import Result

_ROWS: dict[str, Callable[[Result], str]] = {
    "completions / deliveries in the storm": lambda r: f"{r.completions:,} / {r.deliveries:,}",
    "deliveries that were not answered with 202": lambda r: f"{_refused(r):,}",
    "badges at the provider": lambda r: f"{r.verdict.badges:,}",
    "lost": lambda r: str(r.verdict.lost),
    "duplicated": lambda r: str(r.verdict.duplicated),
    "unearned": lambda r: str(r.verdict.unearned),
    "not one issued row in the ledger": lambda r: str(r.verdict.mismatched),
    "stuck": lambda r: str(sum(r.verdict.stuck.values())),
    "time to drain": lambda r: "not drained" if r.drain is None else f"{r.drain:.0f} s",
    "calls per badge": lambda r: f"{r.calls:.2f}",
    "p95 to the badge, all well": lambda r: f"{1000 * r.calm:.0f} ms",
    "p95 beside a broken organization": lambda r: f"{1000 * r.beside_broken:.0f} ms ({r.slowed:.2f} ×)",
    "faults of the provider": lambda r: f"{sum(r.faults.values()):,}",
    "took": lambda r: f"{r.seconds:.0f} s",
    "verdict": lambda r: "FAIL" if r.complaints(timed=True) else "PASS",
}


def print_results(results: Sequence[Result]) -> None:
    kinds = sorted({item.kind for result in results for item in result.happened})
    counted = [Counter(item.kind for item in result.happened) for result in results]
    rows = [[name, *(show(result) for result in results)] for name, show in _ROWS.items()]
    rows[-2:-2] = [[kind, *(str(count[kind] or "") for count in counted)] for kind in kinds]
    headers = ["", *(result.kind for result in results)]
    print("\n".join(plain_lines(headers, rows)), flush=True)
    for result in results:
        print(f"{result.kind}: answers to deliveries: {_counts(result.answers)}")
        print(f"{result.kind}: faults drawn: {_counts(Counter(result.faults))}")


def _refused(result: Result) -> int:
    return sum(count for answer, count in result.answers.items() if not answer.startswith("2"))


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
