"""Parts that the commands share: the store, checks of what was named, and exit codes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ...adapters.errors import AdapterError
from ..connections.declarations import RefusedError
from ..runtime.settings import SettingsError, read_settings
from ..store import Connection, Store, StoreUnavailableError, open_store

as_json = click.option("--json", "json_", is_flag=True, help="Print JSON, for programs.")


class FailedError(Exception):
    """A command did not work; the message says why and what to do."""


@contextmanager
def opened_store() -> Iterator[Store]:
    """Open the store that the settings name, and close it at the end of the block."""
    store = open_store(read_settings())
    try:
        yield store
    finally:
        store.close()


def exit_code_of(error: Exception) -> int | None:
    """Return 1 if the command did not work, 2 if a setting or the use is wrong, None for a fault of badgerelay."""
    if isinstance(error, SettingsError | RefusedError):
        return 2
    if isinstance(error, AdapterError | StoreUnavailableError | FailedError):
        return 1
    return None


def named_connection(store: Store, name: str, role: str | None = None) -> Connection:
    """Return the connection of this name. :raises FailedError: there is none of that name and role."""
    connection = store.connections.get(name)
    if connection is None or role not in (None, connection.role):
        known = [each.name for each in store.connections.all() if role in (None, each.role)]
        what = f"{role} connection" if role else "connection"
        raise FailedError(f"there is no {what} {name!r} (known: {', '.join(known) or 'none'})")
    return connection


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C in the block, so that what the block started is stopped too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def say_stopped(what: str) -> None:
    """Say on stderr that a command ended because it was asked to."""
    click.echo(f"{what} has stopped", err=True)


def confirmed(question: str, *, yes: bool) -> None:
    """Ask before going on. :raises FailedError: there is no terminal to ask on."""
    if not yes:
        if not sys.stdin.isatty():
            raise FailedError("this has to be confirmed: give --yes, since there is no terminal to ask on")
        click.confirm(question, abort=True)
