"""``badgerelay templates``: the badge templates of the connected providers."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import click

from ..providers.template_sync import sync_templates
from ..runtime.durations import number_of
from .common import named_connection, opened_store
from .filters import limit
from .groups import Group
from .progress import counted
from .tables import Column, list_options, print_table
from .templates_export import export
from .templates_make import make


@click.group(cls=Group)
def templates() -> None:
    """List, synchronize, export and make badge templates."""


@templates.command("sync")
@click.argument("connection", required=False)
@click.option("--accept-missing", is_flag=True, help="Accept a list that lacks most of the templates known so far.")
def sync(connection: str | None, accept_missing: bool) -> None:
    """Read the badge templates of one provider connection, or of all, and print the changes.

    A template that the provider no longer lists is kept as deleted. Awards of a template that is not active are held,
    and are sent once a later synchronization finds the template active.
    """
    with opened_store() as store:
        if connection:
            chosen = [named_connection(store, connection, "provider")]
        else:
            chosen = [each for each in store.connections.all() if each.role == "provider"]
        for each in chosen:
            found = sync_templates(
                store, each, partial(counted, what="badge template"), accept_missing=accept_missing
            )
            click.echo(f"{each.name}: {number_of(found.templates, 'badge template')}")
            for change in found.changes:
                click.echo(f"  {change}")


@templates.command("list")
@click.option("--connection", help="Only templates of this provider connection.")
@list_options
def list_templates(connection: str | None, wide: bool, json_: bool) -> None:
    """List badge templates as they were at the last synchronization."""
    with opened_store() as store:
        now = store.now()
        rows = [asdict(each) for each in store.catalogue.templates(connection)]
    columns = [
        Column("name"),
        Column("state", kind="state"),
        Column("id", "template_id", whole=True),
        Column("connection", optional=True),
        Column("last change", "change"),
        Column("changed", "changed_at", "time"),
    ]
    empty = "no badge templates: see `badgerelay templates sync`"
    print_table(rows, columns, json_=json_, wide=wide, now=now, empty=empty)


@templates.command("changes")
@click.option("--connection", help="Only changes of this provider connection.")
@limit
@list_options
def list_changes(connection: str | None, limit: int, wide: bool, json_: bool) -> None:
    """List changes that synchronizations found at the providers, the newest first."""
    with opened_store() as store:
        now = store.now()
        rows = [asdict(each) for each in store.catalogue.changes(connection, limit=limit)]
    columns = [
        Column("changed", "changed_at", "time", whole=True),
        Column("name"),
        Column("change"),
        Column("before"),
        Column("after"),
        Column("connection", optional=True),
    ]
    shown = [{**row, "changed_at": row.pop("at")} for row in rows]
    print_table(shown, columns, json_=json_, wide=wide, now=now, empty="no changes")


templates.add_command(export)
templates.add_command(make)
