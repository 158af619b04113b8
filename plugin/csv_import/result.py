"""What a run found and did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class FileOutcome:
    """:param rows: those that are not blank. :param bad: how many of them have problems.
    :param unknown_columns: columns that were not read.
    :param unknown_providers: rows by provider that badgerelay knows nothing of.
    :param which: the first added and changed rows: what, line, id.
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
    """:param connections: provider connections that issue a badge of the files.
    :param written: whether the store has the good rows now.
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
        """In one line, for the history of an event."""
        said = (
            f"{file.file}: {file.rows} rows, {file.added} added, {file.changed} changed, "
            f"{file.unchanged} unchanged, {file.bad} bad"
            for file in self.files
        )
        return "; ".join(said)
