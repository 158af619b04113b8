"""``badgerelay db``: the database's schema and the keys that its secrets are encrypted with."""

from __future__ import annotations

import click

from ..runtime.settings import read_settings
from ..runtime.vault import new_key as make_key
from ..store.database import HEAD, Database
from .common import opened_store


@click.group()
def db() -> None:
    """The database: schema and keys."""


@db.command()
def upgrade() -> None:
    """Bring the schema to this version. SQLite is upgraded on start, PostgreSQL by this."""
    database = Database(read_settings().database_url)
    database.make_folder()
    before = database.version()
    if before != HEAD:
        database.upgrade()
    click.echo(f"the schema is {HEAD}" + ("" if before == HEAD else f" (was {before or 'empty'})"))
    database.close()


@db.command("new-key")
def new_key() -> None:
    """Print a new key for BADGERELAY_SECRET_KEYS. Put it first, keep the old ones behind it, run `rotate-keys`."""
    click.echo(make_key())


@db.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt every secret with the first key; the others can be dropped afterwards."""
    with opened_store() as store:
        click.echo(f"{store.connections.rotate()} secrets are encrypted with the first key")
