"""``badgerelay templates make``: badge templates of the providers whose badges badgerelay signs itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...adapters.errors import ConfigurationError
from ..connections.declarations import RefusedError
from ..connections.template_drafts import draft_of, read_drafts
from ..providers.pool import make_adapter
from ..providers.template_sync import sync_templates
from .common import FailedError, named_connection, opened_store


@click.command("make")
@click.argument("connection")
@click.argument("template_id", metavar="[ID]", required=False)
@click.option(
    "--from", "file", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file with several templates."
)
@click.option("--name", help="The badge's name.")
@click.option("--description", help="What the badge says about its holder.")
@click.option("--criteria", help="What a learner does to earn the badge.")
@click.option("--criteria-url", help="The address of a page with the criteria.")
@click.option("--kind", help="The kind of achievement, in the provider's word: Course, Certification, ...")
@click.option("--tag", "tags", multiple=True, help="A keyword. Repeat it for several.")
@click.option("--image", help="A PNG or SVG file. Without it, the present image stays.")
@click.option("--valid-days", type=int, help="The number of days after which a badge expires.")
@click.option(
    "--state",
    type=click.Choice(["active", "draft", "archived"]),
    help="The template's state. A new template is active by default.",
)
def make(connection: str, template_id: str | None, file: Path | None, **given: Any) -> None:
    """Make badge templates: one with its ID and options, or several from a TOML file.

    A template with the same id is replaced; it keeps its image if you give none. Issued badges do not change.
    """
    values = {key: list(value) if key == "tags" else value for key, value in given.items() if value not in (None, ())}
    if (file is None) == (template_id is None) or (file is not None and values):
        raise click.UsageError("give either an ID with its options, or --from FILE.toml")
    drafts = read_drafts(file) if file is not None else [draft_of({"id": template_id, **values})]
    with opened_store() as store:
        used = named_connection(store, connection, "provider")
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
