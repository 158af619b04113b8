"""``badgerelay connections``: list, check and remove connections, and rotate their keys."""

from __future__ import annotations

import json
from typing import Any

import click

from ...adapters.errors import AdapterError
from ..connections.connect import check as ask
from ..providers.pool import make_adapter
from ..reports.explain import describe_connection
from .common import FailedError, as_json, confirmed, named_connection, opened_store
from .groups import Group
from .tables import Column, list_options, print_table

COLUMNS = (
    Column("name", whole=True),
    Column("role"),
    Column("type"),
    Column("state", kind="state"),
    Column("account", kind="id"),
    Column("trouble", kind="detail"),
)


@click.group(cls=Group, invoke_without_command=True)
@list_options
@click.pass_context
def connections(context: click.Context, wide: bool, json_: bool) -> None:
    """List connections with their state, or check and remove them.

    Without a command it lists every connection, and says of each whether it works.
    """
    if context.invoked_subcommand is None:
        with opened_store() as store:
            rows = [describe_connection(connection, store.now()) for connection in store.connections.all()]
        empty = "no connections yet: see `badgerelay connect --help`"
        print_table(rows, COLUMNS, json_=json_, wide=wide, empty=empty)


@connections.command()
@click.argument("name", required=False)
@as_json
def check(name: str | None, json_: bool) -> None:
    """Ask the provider or ALM whether the settings work, for one connection or for all."""
    with opened_store() as store:
        chosen = [named_connection(store, name)] if name else store.connections.all()
        results: list[dict[str, Any]] = []
        for connection in chosen:
            try:
                account = ask(store, connection)
                results.append({"name": connection.name, "ok": True, "says": account})
                if connection.failures:
                    store.connections.recover(connection.name)
            except AdapterError as error:
                results.append({"name": connection.name, "ok": False, "says": str(error)})
    if json_:
        click.echo(json.dumps(results, indent=2))
    else:
        for result in results:
            click.echo(f"{result['name']}: {'works' if result['ok'] else 'does not work'}: {result['says']}")
    if not all(result["ok"] for result in results):
        raise FailedError("not every connection works")


@connections.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def remove(name: str, yes: bool) -> None:
    """Remove a connection with its secrets and its rules.

    Its events, awards and history stay. Badges that badgerelay issued itself stay too: they are served again once
    there is a connection of the same name.
    """
    with opened_store() as store:
        named_connection(store, name)
        confirmed(f"Remove the connection {name}?", yes=yes)
        store.connections.remove(name)
    click.echo(f"removed {name}")


@connections.command("rotate-key")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def rotate_key(name: str, yes: bool) -> None:
    """Sign new badges with a new key.

    It works for providers whose badges badgerelay signs itself. Old keys stay, so that old badges still verify.
    """
    with opened_store() as store:
        adapter = make_adapter(store, named_connection(store, name, "provider"))
        try:
            if not adapter.capabilities.can_rotate_key:
                raise FailedError(
                    f"{name}: badgerelay does not sign the badges of this connection, so there is no key to rotate"
                )
            confirmed(f"Sign the badges of {name} with a new key from now on?", yes=yes)
            click.echo(f"{name}: {adapter.rotate_key()}")
        finally:
            adapter.close()
