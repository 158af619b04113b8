"""``badgerelay connections``: list, check, remove, rotate keys."""

from __future__ import annotations

import json
from typing import Any

import click

from ...adapters.errors import AdapterError, ConfigurationError
from ..connections.connect import check as ask
from ..connections.schemas import schema_of
from ..providers.pool import make_adapter
from ..store import Connection
from .common import FailedError, as_json, confirmed, opened_store, print_rows, wanted_connection, when


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def connections(context: click.Context, json_: bool) -> None:
    """List connections: what they are, and whether anything keeps them from working."""
    if context.invoked_subcommand is None:
        with opened_store() as store:
            rows = [_row(connection, store.now()) for connection in store.connections.all()]
        print_rows(rows, ["name", "role", "type", "account", "state", "trouble"], json_=json_, empty="none yet")


@connections.command()
@click.argument("name", required=False)
@as_json
def check(name: str | None, json_: bool) -> None:
    """Ask the other end of one connection, or of all, whether the settings work."""
    with opened_store() as store:
        chosen = [wanted_connection(store, name)] if name else store.connections.all()
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
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> None:
    """Forget a connection, its secrets and its rules. Its events, awards and history stay, and badges that badgerelay
    itself has issued: connected again under the same name, they are served again."""
    with opened_store() as store:
        wanted_connection(store, name)
        confirmed(f"Remove the connection {name}?", yes=yes)
        store.connections.remove(name)
    click.echo(f"removed {name}")


@connections.command("rotate-key")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rotate_key(name: str, yes: bool) -> None:
    """Sign badges with a new key from now on, where badgerelay itself signs them. Old keys stay, to verify with."""
    with opened_store() as store:
        adapter = make_adapter(store, wanted_connection(store, name, "provider"))
        try:
            if not adapter.capabilities.can_rotate_key:
                raise FailedError(f"{name}: badgerelay has no key to rotate there")
            confirmed(f"Sign the badges of {name} with a new key from now on?", yes=yes)
            click.echo(f"{name}: {adapter.rotate_key()}")
        finally:
            adapter.close()


def _row(connection: Connection, now: float) -> dict[str, Any]:
    held_up, trouble = held_up_by(connection, now)
    return {
        "name": connection.name,
        "role": connection.role,
        "type": connection.type,
        "account": connection.account,
        "state": held_up or ("fails" if connection.failures else "works"),
        "trouble": trouble,
    }


def held_up_by(connection: Connection, now: float) -> tuple[str | None, str | None]:
    """What lets nothing through it, in a few words, and what ails it; None each where nothing does."""
    try:
        schema_of(connection.type)
    except ConfigurationError as error:
        return "stopped: its adapter does not work", connection.trouble or str(error)
    held_up = None
    if connection.stopped:
        held_up = f"stopped: {connection.stopped}"
    elif connection.paused:
        held_up = "paused"
    elif connection.retry_at > now:
        what = "rests" if connection.failures else "its rate is used up; waits"
        held_up = f"{what} until {when(connection.retry_at)}"
    return held_up, connection.trouble
