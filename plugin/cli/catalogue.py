"""``badgerelay templates``."""

from __future__ import annotations

import click

from ..connecting import sync_templates
from .common import as_json, counted, opened_store, print_rows, wanted_connection
from .exporting import export


@click.group()
def templates() -> None:
    """The badge templates of the connected providers."""


@templates.command("sync")
@click.argument("connection", required=False)
def sync(connection: str | None) -> None:
    """Copy the templates of one provider connection, or of all, into the catalogue."""
    with opened_store() as store:
        if connection:
            chosen = [wanted_connection(store, connection, "provider")]
        else:
            chosen = [each for each in store.connections.all() if each.role == "provider"]
        for each in chosen:
            click.echo(f"{each.name}: {sync_templates(store, each, counted)} badge templates")


@templates.command("list")
@click.option("--connection", help="Only this connection's.")
@as_json
def list_templates(connection: str | None, json_: bool) -> None:
    """The catalogue as it was last synchronized."""
    with opened_store() as store:
        rows = [dict(row._mapping) for row in store.catalogue.templates(connection)]
    columns = ["connection", "template_id", "name", "state", "synced_at"]
    print_rows(rows, columns, json_=json_, empty="none: see `badgerelay templates sync`")


templates.add_command(export)
