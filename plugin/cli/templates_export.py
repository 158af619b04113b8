"""``badgerelay templates export``: badge templates as the CSV files that ALM migrates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ..csv_import.export import Export, write_file
from ..csv_import.options import ChoiceError, choose_connection
from ..providers.live_templates import live_templates
from ..runtime.durations import number_of
from .common import FailedError, opened_store


@click.command("export")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["badge.csv"]),
    default="badge.csv",
    show_default=True,
    help="The format of the file.",
)
@click.option("--connection", help="The provider connection; needed if there are several.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("."),
    help="The file, or the folder for badge.csv. The current folder by default.",
)
@click.option("--skills", is_flag=True, help="Also write skill.csv and skill_level.csv, with a skill for each badge.")
@click.option("--all", "all_", is_flag=True, help="Include archived templates and drafts, marked as Retired.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def export(format_: str, connection: str | None, output: Path, skills: bool, all_: bool, force: bool) -> None:
    """Write the badge templates of a provider as a badge.csv that ALM can migrate."""
    file = output / format_ if output.is_dir() else output
    paths = {"badge": file}
    if skills:
        paths |= {kind: file.with_name(f"{kind}.csv") for kind in ("skill", "skill_level")}
    there = [path for path in paths.values() if path.exists()]
    if there and not force:
        raise FailedError(f"{click.format_filename(there[0])} exists already: give --force to overwrite it")
    with opened_store() as store:
        try:
            chosen = choose_connection(store, connection)
        except ChoiceError as error:
            raise click.UsageError(str(error)) from None
        templates = [each for each in live_templates(store, chosen) if all_ or each.state == "active"]
        made = Export(templates, chosen.type, datetime.fromtimestamp(store.now(), UTC))
    for kind, path in paths.items():
        try:
            write_file(path, made.rows(kind))
        except OSError as error:
            raise FailedError(f"{click.format_filename(path)} cannot be written: {error.strerror}") from None
        count = number_of(len(templates) - len(made.left_out), "row")
        click.echo(f"{click.format_filename(path)}: {count}")
    for name, why in made.left_out:
        click.echo(f"left out, since it has {why}: {name!r}", err=True)
