"""``badgerelay pause`` and ``badgerelay resume``: stop and start sending."""

from __future__ import annotations

import click

from ..store import Store
from .common import named_connection, opened_store


@click.command()
@click.argument("connection", required=False)
def pause(connection: str | None) -> None:
    """Stop sending through one connection, or through all without CONNECTION.

    Events are still received and decided; `badgerelay resume` sends what they earned.
    """
    with opened_store() as store:
        names = _names(store, connection)
        store.connections.pause(names, store.now())
    click.echo(f"paused: {', '.join(names) or 'there is no connection yet'}")


@click.command()
@click.argument("connection", required=False)
def resume(connection: str | None) -> None:
    """Send again through one connection, or through all without CONNECTION."""
    with opened_store() as store:
        names = _names(store, connection)
        store.connections.resume(names, store.now())
    click.echo(f"resumed: {', '.join(names) or 'there is no connection yet'}")


def _names(store: Store, name: str | None) -> list[str]:
    return [named_connection(store, name).name] if name else [each.name for each in store.connections.all()]
