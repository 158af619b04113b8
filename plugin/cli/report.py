"""``badgerelay report``: as a table, as JSON, or as a CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import click

from ..csvfiles.cells import escaped
from ..reports.drift import Drift
from ..reports.unmapped import unmapped as unmapped_rows
from ..store import Store
from .bulk_repair import instant
from .common import as_json, opened_store, print_rows, wanted_connection, when

SHOWN = 200
"""Rows of a table; JSON and CSV have all."""

as_csv = click.option(
    "--csv", "csv_", type=click.File("w", encoding="utf-8", lazy=True), help="Write a CSV to this file, - for here."
)
Rows = Iterable[Mapping[str, Any]]


@click.group()
def report() -> None:
    """What earned nothing, and where the ledger and the provider differ."""


@report.command("unmapped")
@click.option("--since", help="Only what arrived since then: 2026-05-01T08:00 (UTC), or 2 hours ago: '2 hours'.")
@as_csv
@as_json
def unmapped(since: str | None, csv_: Any, json_: bool) -> None:
    """Completions that earned nothing, as nothing is tied to what was completed: by learning object."""
    columns = ("source", "learning_object_id", "completions", "learners", "last_seen_at", "hint")
    with opened_store() as store:
        rows = unmapped_rows(store, None if since is None else instant("since", since, store.now()))
        _print((_fields(row, columns) for row in rows), columns, csv_, json_, empty="nothing is unmapped")


@report.command("drift")
@click.argument("connection", required=False)
@as_csv
@as_json
def drift(connection: str | None, csv_: Any, json_: bool) -> None:
    """Where the ledger and the provider differ, for one provider connection or for all. It changes nothing.

    missing: the provider has no such badge. state, template, recipient: it has another one than the ledger.
    unknown: it has a badge of a learner of ours that the ledger does not know.
    """
    columns = ("kind", "connection", "badge_id", "award_id", "learner", "template_id", "ledger", "provider")
    kinds: Counter[str] = Counter()
    with opened_store() as store:
        rows = (_fields(row, columns) for row in _differences(store, connection))
        _print(_counted(rows, kinds), columns, csv_, json_, empty="the ledger and the provider agree")
    if kinds and not json_ and csv_ is None:
        click.echo(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))


def _differences(store: Store, connection: str | None) -> Iterator[Any]:
    if connection is not None:
        chosen = [wanted_connection(store, connection, "provider")]
    else:
        chosen = [each for each in store.connections.all() if each.role == "provider"]
    note = _note if sys.stderr.isatty() else _silent
    for each in chosen:
        yield from Drift(store, each, note=note).run()
    note("")


def _counted(rows: Rows, kinds: Counter[str]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        kinds[row["kind"]] += 1
        yield row


def _print(rows: Rows, columns: Sequence[str], csv_: Any, json_: bool, *, empty: str) -> None:
    """However many there are, in bounded memory."""
    if csv_ is not None:
        writer = csv.writer(csv_)
        writer.writerow(columns)
        writer.writerows([escaped(row[column]) for column in columns] for row in rows)
    elif json_:
        _print_json(rows)
    else:
        iterator = iter(rows)
        print_rows(list(islice(iterator, SHOWN)), columns, json_=False, empty=empty)
        left = sum(1 for _ in iterator)
        if left:
            click.echo(f"... and {left:,} more: see --csv or --json")


def _print_json(rows: Rows) -> None:
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        click.echo("[]")
        return
    click.echo("[\n  " + json.dumps(first), nl=False)
    for row in iterator:
        click.echo(",\n  " + json.dumps(row), nl=False)
    click.echo("\n]")


def _fields(row: Any, columns: Sequence[str]) -> dict[str, Any]:
    values = {column: getattr(row, column) for column in columns}
    return {name: when(value) if name.endswith("_at") else value for name, value in values.items()}


def _note(text: str) -> None:
    click.echo(f"\r\033[K{text[:100]}", nl=False, err=True)


def _silent(_text: str) -> None:
    pass
