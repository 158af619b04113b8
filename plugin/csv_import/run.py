"""An import of several files: validate each, check them together, compare, and write everything or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise

from ...adapters.registry import adapter_names
from ..csvfiles.problems import Fault, Problem, RefusedFileError, problem
from ..csvfiles.rows import Rows, Watch
from ..providers.live_templates import Template, current_templates
from ..store import Connection, Store
from .apply import Writer
from .badge_columns import BadgeCheck
from .cross_checks import CrossChecks
from .file_specs import KINDS
from .header import read_header
from .open_file import CsvFile
from .options import Issuers
from .result import FileOutcome, Outcome
from .staging import Staging
from .validate_rows import RowValidator

BATCH = 2000
"""Maximum rows that are validated together."""

BATCH_BYTES = 4 * 1024 * 1024
"""Maximum bytes that are validated together."""

Progress = Callable[[str, int], AbstractContextManager[Watch]]
"""Takes the step's name and its amount of work; returns a progress bar that takes each part."""


@dataclass(frozen=True, slots=True)
class Task:
    """The options of an import.

    :param issuers: the connections that issue the badges of badge.csv; None if there is no badge.csv.
    :param accept_good_rows: whether valid rows are written although others have problems.
    """

    source: str
    issuers: Issuers | None = None
    dry_run: bool = False
    accept_good_rows: bool = False


def no_progress(_what: str, _amount: int) -> AbstractContextManager[Watch]:
    """Show no progress."""
    return nullcontext(lambda _: None)


def in_order(files: Collection[CsvFile]) -> list[CsvFile]:
    """Return the files in the order of their references.

    :raises RefusedFileError: two files have the same kind.
    """
    kinds = list(KINDS)
    ordered = sorted(files, key=lambda file: kinds.index(file.kind.name))
    for before, after in pairwise(ordered):
        if before.kind is after.kind:
            raise RefusedFileError(after.name, "doubled_file", "it is given twice", "import one, then the other")
    return ordered


def run(
    store: Store, task: Task, files: Sequence[CsvFile], staging: Staging, progress: Progress = no_progress
) -> Outcome:
    """Import files. The problems of their rows are in ``staging`` afterwards.

    :param files: in the order of :func:`in_order`.
    :raises RefusedFileError: a file cannot be read to its end; nothing was changed.
    :raises DiskError: a file's disk fails.
    :raises OvertakenError: another import finished first; nothing was changed.
    :raises AdapterError: the provider does not list its templates.
    """
    badges = None
    if task.issuers is not None and any(file.kind.name == "badge" for file in files):
        badges = _badge_check(store, task.issuers, keep=not task.dry_run)
    source = store.connections.get(task.source)
    alm = source is not None and source.role == "source"
    outcomes = []
    for file in files:
        with progress(f"checking {file.name}", file.size) as watch:
            outcomes.append(_read(file, staging, watch, alm=alm, badges=badges))
    checks = CrossChecks(staging, store, task.source)
    for file, outcome in zip(files, outcomes, strict=True):
        checks.check(file)
        outcome.problems, outcome.bad = staging.count_problems(file.name)
    clean = not any(outcome.problems for outcome in outcomes)
    write = not task.dry_run and (clean or task.accept_good_rows)
    writer = Writer(store, staging, task.source)
    try:
        for outcome in outcomes:
            what = "writing" if write else "comparing"
            with progress(f"{what} {outcome.file}", outcome.rows) as watch:
                changes = writer.compare(outcome.kind, watch, write=write)
            outcome.added, outcome.changed, outcome.unchanged = changes.added, changes.changed, changes.unchanged
            outcome.which = changes.which
        if write:
            writer.finish()
    finally:
        writer.discard()
    if badges is not None:
        outcomes[0].unknown_providers = dict(badges.unknown_providers)
    used = tuple(sorted(badges.used)) if badges else ()
    return Outcome(task.source, used, task.dry_run, write, outcomes)


def _badge_check(store: Store, issuers: Issuers, *, keep: bool) -> BadgeCheck:
    connections = {each.name: each for each in store.connections.all()}
    elsewhere: dict[str, list[Connection]] = {}
    for row in store.catalogue.templates():
        elsewhere.setdefault(row.template_id.lower(), []).append(connections[row.connection])

    def templates(connection: Connection) -> Sequence[Template]:
        return current_templates(store, connection, keep=keep)

    return BadgeCheck(issuers, templates, elsewhere, {name.lower() for name in adapter_names()})


def _read(file: CsvFile, staging: Staging, watch: Watch, *, alm: bool, badges: BadgeCheck | None) -> FileOutcome:
    outcome = FileOutcome(file.name, file.kind.name)
    rows = Rows(file.stream, file.name, watch)
    each = iter(rows)
    first = next(each, (1, []))[1]
    if isinstance(first, Fault):
        raise RefusedFileError(file.name, first.code, f"its first line cannot be read: {first.what}", first.hint)
    header = read_header(file.name, file.kind, first)
    outcome.unknown_columns = header.unknown
    validator = RowValidator(
        file.name, file.kind, header, alm=alm, badges=badges if file.kind.name == "badge" else None
    )
    lines: list[int] = []
    batch: list[list[str]] = []
    broken: list[Problem] = []

    def flush() -> None:
        validated = validator.validate(lines, batch, suspicious=rows.suspicious, escaped=rows.escaped)
        outcome.rows += validated.rows + len(broken)
        staging.add(file.kind, validated.good, [*validated.problems, *broken])
        lines.clear()
        batch.clear()
        broken.clear()

    flushed = 0
    for line, cells in each:
        if isinstance(cells, Fault):
            broken.append(problem(file.name, line, "", "", cells))
        elif cells:
            lines.append(line)
            batch.append(cells)
        if len(batch) + len(broken) >= BATCH or rows.bytes_read - flushed >= BATCH_BYTES:
            flush()
            flushed = rows.bytes_read
    flush()
    return outcome
