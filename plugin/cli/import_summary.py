"""The summary of an import, for people."""

from __future__ import annotations

from collections.abc import Iterator

from ..csv_import.result import Outcome
from ..csv_import.staging import Staging
from ..csvfiles.problems import shown
from ..runtime.durations import number_of
from .tables import plain_lines

MAX_PROBLEMS = 20
MAX_CHANGES = 10
"""Maximum lines for problems, and maximum changes named for a file; JSON has all."""


def as_text(outcome: Outcome, staging: Staging) -> Iterator[str]:
    """Yield the lines of a summary for people."""
    columns = ("file", "rows", "bad", "added", "changed", "unchanged")
    cells = [[str(getattr(file, column)) for column in columns] for file in outcome.files]
    yield from plain_lines(columns, cells)
    for file in outcome.files:
        if file.which and not outcome.problems:
            first = sorted(file.which, key=lambda change: change[1])[:MAX_CHANGES]
            named = ", ".join(f"{what} line {line}{f' ({name})' if name else ''}" for what, line, name in first)
            more = file.added + file.changed - len(first)
            yield f"{file.file}: {named}" + (f" and {more} more" if more else "")
        if file.unknown_columns:
            yield f"{file.file}: not read: the columns {', '.join(file.unknown_columns)}"
        for provider, rows in file.unknown_providers.items():
            count = number_of(rows, "row")
            yield f"{file.file}: {count} with the unknown provider {shown(provider)!r}"
    for problem in staging.problems(most=MAX_PROBLEMS):
        yield f"{problem.message} [{problem.code}]\n    {problem.hint}"
    if outcome.problems > MAX_PROBLEMS:
        yield f"and {number_of(outcome.problems - MAX_PROBLEMS, 'more problem')}"
