"""The output of ``badgerelay backfill``: summaries and progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import click

from ..runtime.durations import number_of
from ..store.locks import ExclusiveLock
from .progress import status

LINES = 10_000
"""Lines of a file between two updates of its progress."""

_OUTCOMES = {
    "would": ("would be issued", "would be issued"),
    "sent": ("is being issued", "are being issued"),
    "has": ("exists already", "exist already"),
    "cannot": ("cannot be issued", "cannot be issued"),
    "beyond": ("is beyond --limit", "are beyond --limit"),
}

T = TypeVar("T")


def print_summary(summary: dict[str, Any]) -> None:
    """Print a backfill's state, its badges by outcome, and the reasons for which completions earn nothing."""
    click.echo(f"backfill {summary['id']} of {summary['source']}, from {summary['origin']}: {summary['state']}")
    for state, count in sorted(summary["badges"].items(), key=lambda item: item[0] != "would"):
        whom = f" to {number_of(summary['learners'], 'learner')}" if state == "would" else ""
        one, several = _OUTCOMES.get(state, (f"is {state}", f"are {state}"))
        click.echo(f"{count:>9,}  {f'badge {one}' if count == 1 else f'badges {several}'}{whom}")
    for title, counts in (
        ("completions that earn nothing:", [(each["reason"], each["count"]) for each in summary["reasons"]]),
        ("lines left out:", summary["left_out"].items()),
    ):
        if counts:
            click.echo(title)
        for why, count in counts:
            click.echo(f"{count:>9,}  {why}")


def counted_lines(rows: Iterable[T]) -> Iterator[T]:
    """Yield the lines of a file, and show how many there were so far."""
    with Progress() as progress:
        for count, row in enumerate(rows, start=1):
            if count % LINES == 0:
                progress.report(f"{count:,} lines read")
            yield row


class Progress:
    """Progress on a terminal; elsewhere a line for each new reason to wait.

    :param lock: the lock that the backfill's work must still have at each report.
    """

    def __init__(self, lock: ExclusiveLock | None = None) -> None:
        self._lock = lock
        self._status = status("working")
        self._reported = ""

    def report(self, text: str) -> None:
        """Show a text. :raises LockedError: the lock is lost."""
        if self._lock is not None:
            self._lock.check()
        self._show(text)
        waiting = text.partition("waiting: ")[2]
        if waiting and waiting != self._reported.partition("waiting: ")[2] and not sys.stderr.isatty():
            click.echo(text, err=True)
        self._reported = text

    def count(self, settled: int, trouble: str) -> None:
        """Show the number of badges that have an outcome, and the reason to wait, if there is one."""
        self.report(f"{number_of(settled, 'badge')} settled" + (f"; waiting: {trouble}" if trouble else ""))

    def __enter__(self) -> Progress:
        self._show = self._status.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._status.__exit__(*raised)
