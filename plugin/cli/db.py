"""``badgerelay db``: the database's schema and the keys that its secrets are encrypted with."""

from __future__ import annotations

import click

from ..runtime.durations import number_of
from ..runtime.settings import read_settings
from ..runtime.vault import new_key as make_key
from ..store.database import HEAD, Database
from .common import opened_store
from .groups import Group


@click.group(cls=Group)
def db() -> None:
    """Upgrade the database and manage the keys that encrypt its secrets."""


@db.command()
def upgrade() -> None:
    """Upgrade the database's schema to this version of badgerelay.

    PostgreSQL is upgraded by this command alone; SQLite is upgraded on every start too.
    """
    database = Database(read_settings().database_url)
    database.make_folder()
    before = database.version()
    if before != HEAD:
        database.upgrade()
    click.echo(f"the schema is {HEAD}" + ("" if before == HEAD else f" (was {before or 'empty'})"))
    database.close()


@db.command("new-key")
def new_key() -> None:
    """Print a new key for BADGERELAY_SECRET_KEYS.

    Put it first, keep the old keys behind it, then run `badgerelay db rotate-keys`.
    """
    click.echo(make_key())


@db.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt every stored secret with the first key, so that the other keys can be removed."""
    with opened_store() as store:
        count = store.connections.rotate()
    click.echo(f"{number_of(count, 'secret')} {'is' if count == 1 else 'are'} encrypted with the first key")
