"""The outcome of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class FileOutcome:
    """The outcome of one file.

    :param rows: the number of rows that are not blank.
    :param bad: the number of rows with problems.
    :param unknown_columns: columns that were not read.
    :param unknown_providers: the number of rows for each unknown provider.
    :param which: the first added and changed rows: the change, the line, the id.
    """

    file: str
    kind: str
    rows: int = 0
    bad: int = 0
    problems: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    unknown_columns: tuple[str, ...] = ()
    unknown_providers: dict[str, int] = field(default_factory=dict)
    which: list[tuple[str, int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """The outcome of all files.

    :param connections: the provider connections that issue a badge of the files.
    :param written: whether the valid rows are in the store now.
    """

    source: str
    connections: tuple[str, ...]
    dry_run: bool
    written: bool
    files: list[FileOutcome]

    @property
    def problems(self) -> int:
        return sum(file.problems for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        files = []
        for file in self.files:
            which = [{"what": what, "line": line, "id": name or None} for what, line, name in file.which]
            files.append({**asdict(file), "unknown_columns": list(file.unknown_columns), "which": which})
        return {
            "source": self.source,
            "connections": list(self.connections),
            "dry_run": self.dry_run,
            "written": self.written,
            "problem_count": self.problems,
            "files": files,
        }

    def summary(self) -> str:
        """Return the outcome in one line, for the history of an event."""
        said = (
            f"{file.file}: {file.rows} rows, {file.added} added, {file.changed} changed, "
            f"{file.unchanged} unchanged, {file.bad} bad"
            for file in self.files
        )
        return "; ".join(said)
