"""``badgerelay templates``."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..providers.template_sync import sync_templates
from .common import as_json, counted, opened_store, print_rows, wanted_connection
from .templates_export import export
from .templates_make import make


@click.group()
def templates() -> None:
    """The badge templates of the connected providers."""


@templates.command("sync")
@click.argument("connection", required=False)
@click.option("--accept-missing", is_flag=True, help="Believe a list that lacks most of what was there.")
def sync(connection: str | None, accept_missing: bool) -> None:
    """Copy the templates of one provider connection, or of all, into the catalogue, and say what changed.

    One that the provider lists no more stays, as deleted. Awards of templates that are not active are held, and go on
    once a synchronization finds them active again.
    """
    with opened_store() as store:
        if connection:
            chosen = [wanted_connection(store, connection, "provider")]
        else:
            chosen = [each for each in store.connections.all() if each.role == "provider"]
        for each in chosen:
            found = sync_templates(store, each, counted, accept_missing=accept_missing)
            click.echo(f"{each.name}: {found.templates} badge templates")
            for change in found.changes:
                click.echo(f"  {change}")


@templates.command("list")
@click.option("--connection", help="Only this connection's.")
@as_json
def list_templates(connection: str | None, json_: bool) -> None:
    """The catalogue as it was last synchronized."""
    with opened_store() as store:
        rows = [asdict(each) for each in store.catalogue.templates(connection)]
    columns = ["connection", "template_id", "name", "state", "synced_at", "change", "changed_at"]
    print_rows(rows, columns, json_=json_, empty="none: see `badgerelay templates sync`")


@templates.command("changes")
@click.option("--connection", help="Only this connection's.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@as_json
def list_changes(connection: str | None, limit: int, json_: bool) -> None:
    """What synchronizations have found changed at the providers, the newest first."""
    with opened_store() as store:
        rows = [asdict(each) for each in store.catalogue.changes(connection, limit=limit)]
    print_rows(
        [{**row, "changed_at": row.pop("at")} for row in rows],
        ["changed_at", "connection", "template_id", "name", "change", "before", "after"],
        json_=json_,
        empty="none",
    )


templates.add_command(export)
templates.add_command(make)
