"""``badgerelay import``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from ..csv_import.apply import OvertakenError
from ..csv_import.open_file import MAX_BYTES, CsvFile, Watch, open_file
from ..csv_import.options import ChoiceError, choose_issuers, choose_source
from ..csv_import.report import as_json as json_of
from ..csv_import.report import as_text, write_errors
from ..csv_import.result import Outcome
from ..csv_import.run import Task, in_order, run
from ..csv_import.staging import Staging
from ..csvfiles.problems import DiskError, RefusedFileError
from .common import FailedError, as_json, opened_store


@click.command("import")
@click.argument("paths", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--connection",
    "connections",
    multiple=True,
    help="The connection that issues a provider's badges; needed if it has several. Once for each provider.",
)
@click.option("--source", help="The LMS host or ALM connection that the files are of; needed if there are several.")
@click.option("--dry-run", is_flag=True, help="Only say what is wrong and what would change.")
@click.option("--accept-good-rows", is_flag=True, help="Import the rows that are right though others are not.")
@click.option(
    "--errors",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the <name>_err.csv with the failed rows go; else beside each file, and with --dry-run nowhere.",
)
@click.option("--max-bytes", type=click.IntRange(1), default=MAX_BYTES, show_default=True, help="Of each file.")
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
    """Check migration CSVs, and keep what ties badges to learning objects and skills.

    Takes badge.csv, skill.csv, skill_level.csv, skill_course.csv, course_instance.csv, learning_program_instance.csv,
    certification.csv, user_skill.csv and user_course_grade.csv, several at once.
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
            outcome = run(store, task, files, staging, _progress)
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
        after = "" if dry_run else " Nothing was imported: mend the rows, or give --accept-good-rows."
        raise FailedError(f"{outcome.problems} problems.{after}")


@contextmanager
def _without_collector() -> Iterator[None]:
    """Rows make no cycles, and to look for some takes a tenth of the time."""
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


@contextmanager
def _progress(what: str, amount: int) -> Iterator[Watch]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=amount, label=what, file=sys.stderr) as bar:
        yield bar.update


def _write_errors(files: list[CsvFile], outcome: Outcome, staging: Staging, folder: Path | None) -> None:
    """:raises FailedError: one cannot be written."""
    bad = {file.file for file in outcome.files if file.problems}
    for file in files:
        if file.name in bad and file.path is not None:
            place = folder or file.path.parent
            try:
                written = write_errors(file, staging, place)
            except OSError as error:
                shown = click.format_filename(place)
                message = (
                    f"the failed rows cannot be written to {shown}: {error.strerror}; choose another with --errors"
                )
                raise FailedError(message) from None
            click.echo(f"{file.name}: the failed rows are in {click.format_filename(written)}", err=True)
