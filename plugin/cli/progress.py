"""Progress of long work: on a terminal alone, on stderr, and gone when the work ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")
Advance = Callable[[int], None]
Show = Callable[[str], None]

AT_ONCE = 25
"""Items between two updates of a count."""


@contextmanager
def status(text: str) -> Iterator[Show]:
    """Show a line of text while the block runs; call the value to change the text."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.markup import escape

    with _console().status(escape(text)) as shown:
        yield lambda text: shown.update(escape(text))


def counted(items: Iterable[T], what: str) -> Iterator[T]:
    """Yield the items, and show how many there were so far.

    :param what: one of the items, such as ``badge template``.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    with status(f"reading {what}s") as show:
        for number, item in enumerate(items, start=1):
            if number % AT_ONCE == 0:
                show(f"{number:,} {what}s so far")
            yield item


@contextmanager
def bar(what: str, total: int) -> Iterator[Advance]:
    """Show a bar while the block runs; call the value with the amount that was done since the last call."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console(), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda amount: progress.advance(task, amount)


def _console() -> Console:
    from rich.console import Console

    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Console(stderr=True, color_system=None if plain else "auto", highlight=False)
