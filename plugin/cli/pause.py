"""``badgerelay pause`` and ``badgerelay resume``: the kill switch."""

from __future__ import annotations

import click

from ..store import Store
from .common import opened_store, wanted_connection


@click.command()
@click.argument("connection", required=False)
def pause(connection: str | None) -> None:
    """Send nothing through this connection, or through any. Events are still taken."""
    with opened_store() as store:
        names = _names(store, connection)
        store.connections.pause(names, store.now())
    click.echo(f"paused: {', '.join(names) or 'there is no connection'}")


@click.command()
@click.argument("connection", required=False)
def resume(connection: str | None) -> None:
    """Send again through this connection, or through all."""
    with opened_store() as store:
        names = _names(store, connection)
        store.connections.resume(names, store.now())
    click.echo(f"resumed: {', '.join(names) or 'there is no connection'}")


def _names(store: Store, name: str | None) -> list[str]:
    return [wanted_connection(store, name).name] if name else [each.name for each in store.connections.all()]
