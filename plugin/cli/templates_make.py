"""``badgerelay templates make``: badge templates of a provider that keeps its templates with us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...adapters.errors import ConfigurationError
from ..connections.declarations import RefusedError
from ..connections.template_drafts import draft_of, read_drafts
from ..providers.pool import make_adapter
from ..providers.template_sync import sync_templates
from .common import FailedError, opened_store, wanted_connection


@click.command("make")
@click.argument("connection")
@click.argument("template_id", metavar="[ID]", required=False)
@click.option("--from", "file", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file that has them.")
@click.option("--name", help="What the badge is called.")
@click.option("--description", help="What it says of whoever has it.")
@click.option("--criteria", help="What one has to do to earn it.")
@click.option("--criteria-url", help="Where to read more about that.")
@click.option("--kind", help="What it certifies, in the provider's word: Course, Certification, ...")
@click.option("--tag", "tags", multiple=True, help="A keyword; more than once for several.")
@click.option("--image", help="A file, PNG or SVG. Without it the image stays that is there.")
@click.option("--valid-days", type=int, help="A badge expires after so many days.")
@click.option("--state", type=click.Choice(["active", "draft", "archived"]), help="active, unless given.")
def make(connection: str, template_id: str | None, file: Path | None, **given: Any) -> None:
    """Make badge templates, or those of the same ids anew: one by options, or several from a TOML file.

    Of what was there, only the image stays where none is given. Badges that are issued stay as they are.
    """
    values = {key: list(value) if key == "tags" else value for key, value in given.items() if value not in (None, ())}
    if (file is None) == (template_id is None) or (file is not None and values):
        raise click.UsageError("give either an ID with its options, or --from FILE.toml")
    drafts = read_drafts(file) if file is not None else [draft_of({"id": template_id, **values})]
    with opened_store() as store:
        used = wanted_connection(store, connection, "provider")
        adapter = make_adapter(store, used)
        try:
            if not adapter.capabilities.can_make_templates:
                raise FailedError(f"{connection}: badge templates are made at {used.type}, not here")
            for draft in drafts:
                try:
                    made = adapter.make_template(draft)
                except ConfigurationError as error:
                    if error.setting is None:
                        raise
                    raise RefusedError(f"badge template {draft.id!r}: {error}") from None
                click.echo(
                    f"{connection}: {made.id}: {made.name} ({made.state})" + (f" {made.url}" if made.url else "")
                )
            sync_templates(store, used, adapter=adapter)
        finally:
            adapter.close()
