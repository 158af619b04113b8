"""``badgerelay import``: check ALM's migration CSVs and keep what they say."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from ..csv_import.apply import OvertakenError
from ..csv_import.open_file import MAX_BYTES, CsvFile, open_file
from ..csv_import.options import ChoiceError, choose_issuers, choose_source
from ..csv_import.report import as_json as json_of
from ..csv_import.report import write_errors
from ..csv_import.result import Outcome
from ..csv_import.run import Task, in_order, run
from ..csv_import.staging import Staging
from ..csvfiles.problems import DiskError, RefusedFileError
from ..runtime.durations import number_of
from .common import FailedError, as_json, opened_store
from .import_summary import as_text
from .progress import bar


@click.command("import")
@click.argument("paths", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--connection",
    "connections",
    multiple=True,
    help="The connection that issues a provider's badges, if the provider has several. One for each provider.",
)
@click.option("--source", help="The LMS host or ALM connection whose files these are, if there are several.")
@click.option("--dry-run", is_flag=True, help="Only print the problems and what would change.")
@click.option("--accept-good-rows", is_flag=True, help="Import the good rows although others have problems.")
@click.option(
    "--errors",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder for NAME_err.csv, with the failed rows. Beside each file by default; none with --dry-run.",
)
@click.option(
    "--max-bytes", type=click.IntRange(1), default=MAX_BYTES, show_default=True, help="The maximum size of each file."
)
@as_json
def import_(
    paths: tuple[Path, ...],
    connections: tuple[str, ...],
    source: str | None,
    dry_run: bool,
    accept_good_rows: bool,
    errors: Path | None,
    max_bytes: int,
    json_: bool,
) -> None:
    """Check ALM's migration CSVs, and import which badges belong to which learning objects and skills.

    It takes one or several of badge.csv, skill.csv, skill_level.csv, skill_course.csv, course_instance.csv,
    learning_program_instance.csv, certification.csv, user_skill.csv and user_course_grade.csv.
    """
    try:
        with ExitStack() as opened:
            opened.enter_context(_without_collector())
            files = [opened.enter_context(_opened(path, max_bytes)) for path in paths]
            files = in_order(files)
            store = opened.enter_context(opened_store())
            staging = opened.enter_context(Staging())
            badges = any(file.kind.name == "badge" for file in files)
            chosen = choose_source(store, source)
            task = Task(
                chosen,
                choose_issuers(store, connections, chosen) if badges or connections else None,
                dry_run=dry_run,
                accept_good_rows=accept_good_rows,
            )
            outcome = run(store, task, files, staging, bar)
            for piece in (json_of if json_ else as_text)(outcome, staging):
                click.echo(piece, nl=not json_)
            click.echo("", nl=json_)
            if outcome.problems and (errors or not dry_run):
                _write_errors(files, outcome, staging, errors)
    except ChoiceError as error:
        raise click.UsageError(str(error)) from None
    except (RefusedFileError, OvertakenError) as error:
        raise FailedError(f"{error}. Nothing was imported.") from None
    except DiskError as error:
        raise FailedError(str(error)) from None
    if outcome.problems and not outcome.written:
        after = "" if dry_run else " Nothing was imported: correct the rows, or give --accept-good-rows."
        raise FailedError(f"{number_of(outcome.problems, 'problem')}.{after}")


@contextmanager
def _without_collector() -> Iterator[None]:
    """Switch the garbage collector off: rows make no cycles, and the collector takes a tenth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def _opened(path: Path, max_bytes: int) -> Iterator[CsvFile]:
    file = open_file(path, max_bytes)
    try:
        yield file
    finally:
        file.close()


def _write_errors(files: list[CsvFile], outcome: Outcome, staging: Staging, folder: Path | None) -> None:
    """Write the failed rows of each file. :raises FailedError: a file cannot be written."""
    bad = {file.file for file in outcome.files if file.problems}
    for file in files:
        if file.name in bad and file.path is not None:
            target = folder or file.path.parent
            try:
                written = write_errors(file, staging, target)
            except OSError as error:
                shown = click.format_filename(target)
                message = (
                    f"the failed rows cannot be written to {shown}: {error.strerror}; choose another with --errors"
                )
                raise FailedError(message) from None
            click.echo(f"{file.name}: the failed rows are in {click.format_filename(written)}", err=True)
