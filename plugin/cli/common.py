"""What the commands share: the store, lists as tables or JSON, and which error exits how."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from ...adapters.errors import AdapterError
from ..connections.declarations import RefusedError
from ..runtime.settings import SettingsError, read_settings
from ..store import Connection, Store, StoreUnavailableError, open_store

T = TypeVar("T")
COUNTED_AT_ONCE = 25

as_json = click.option("--json", "json_", is_flag=True, help="Print JSON.")


@contextmanager
def opened_store() -> Iterator[Store]:
    store = open_store(read_settings())
    try:
        yield store
    finally:
        store.close()


def exit_code_of(error: Exception) -> int | None:
    """1 when it did not work, 2 when a setting or the use is wrong, None for what is a bug of ours."""
    if isinstance(error, SettingsError | RefusedError):
        return 2
    if isinstance(error, AdapterError | StoreUnavailableError | FailedError):
        return 1
    return None


class FailedError(Exception):
    """It did not work; the message says why and what to do."""


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, json_: bool, empty: str) -> None:
    """A table of these columns, or all of the rows as JSON; times as ISO 8601 in UTC."""
    shown = [{key: _shown(key, value) for key, value in row.items()} for row in rows]
    if json_:
        click.echo(json.dumps(shown, indent=2))
    elif not shown:
        click.echo(empty)
    else:
        from tabulate import tabulate

        cells = [[_cell(row.get(column)) for column in columns] for row in shown]
        click.echo(tabulate(cells, headers=columns, disable_numparse=True))


def print_record(record: Mapping[str, Any], *, json_: bool) -> None:
    shown = {key: _shown(key, value) for key, value in record.items()}
    if json_:
        click.echo(json.dumps(shown, indent=2))
        return
    width = max(len(key) for key in shown)
    for key, value in shown.items():
        click.echo(f"{key:<{width}}  {'' if value is None else value}")


def counted(items: Iterable[T]) -> Iterator[T]:
    """The items, with a count of them on a terminal while they come."""
    shown = sys.stderr.isatty()
    for number, item in enumerate(items, start=1):
        if shown and number % COUNTED_AT_ONCE == 0:
            click.echo(f"\r{number} so far", nl=False, err=True)
        yield item
    if shown:
        click.echo("\r\033[K", nl=False, err=True)


def when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wanted_connection(store: Store, name: str, role: str | None = None) -> Connection:
    """:raises FailedError: there is none of that name and role."""
    connection = store.connections.get(name)
    if connection is None or role not in (None, connection.role):
        known = [each.name for each in store.connections.all() if role in (None, each.role)]
        what = f"{role} connection" if role else "connection"
        raise FailedError(f"there is no {what} {name!r} (known: {', '.join(known) or 'none'})")
    return connection


def confirmed(question: str, *, yes: bool) -> None:
    """:raises FailedError: nobody is there to ask."""
    if not yes:
        if not sys.stdin.isatty():
            raise FailedError("give --yes, as nobody is there to be asked")
        click.confirm(question, abort=True)


def _shown(key: str, value: Any) -> Any:
    return when(value) if isinstance(value, float) and key.endswith("_at") else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
