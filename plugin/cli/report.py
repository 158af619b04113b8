"""``badgerelay report``: reports as a table, as JSON or as a CSV."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any

import click

from ..csvfiles.cells import escaped
from ..reports.drift import Drift
from ..reports.reasons import count_reasons
from ..reports.unmapped import unmapped as unmapped_rows
from ..store import Store
from .common import named_connection, opened_store
from .filters import since
from .groups import Group
from .progress import status
from .tables import Column, json_fields, list_options, print_table
from .times import instant

SHOWN = 200
"""Maximum rows of a table; JSON and CSV have all."""

as_csv = click.option(
    "--csv",
    "csv_",
    metavar="FILE",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write the report as a CSV to this file; - writes to the standard output.",
)
Rows = Iterable[Mapping[str, Any]]


@click.group(cls=Group)
def report() -> None:
    """Report completions that earned nothing, and differences between badgerelay and the provider."""


@report.command("unmapped")
@since
@as_csv
@list_options
def unmapped(since: str | None, csv_: Any, wide: bool, json_: bool) -> None:
    """List learning objects whose completions earned nothing, since no badge is attached to them.

    The learning object with the most learners comes first, each with the command that attaches a badge to it.
    """
    fields = ("source", "learning_object_id", "completions", "learners", "last_seen_at", "hint")
    columns = [
        Column("learning object", "learning_object_id", whole=True),
        Column("source"),
        Column("completions", kind="number"),
        Column("learners", kind="number"),
        Column("last", "last_seen_at", "time", whole=True),
        Column("hint", kind="detail"),
    ]
    with opened_store() as store:
        now = store.now()
        rows = unmapped_rows(store, None if since is None else instant("since", since, now))
        output = _Output(fields, columns, csv_, json_, wide, now, empty="nothing is unmapped")
        output.print(_fields(row, fields) for row in rows)


@report.command("reasons")
@as_csv
@list_options
def reasons(csv_: Any, wide: bool, json_: bool) -> None:
    """Count the reasons for which events earned nothing and awards are not issued.

    Ids, numbers and quoted text are left out of a reason. `events list` and `awards list` show it in full.
    """
    fields = ("kind", "connection", "state", "reason", "rows")
    columns = [
        Column("number", "rows", "number"),
        Column("kind"),
        Column("connection"),
        Column("state", kind="state", whole=True),
        Column("reason"),
    ]
    with opened_store() as store:
        output = _Output(fields, columns, csv_, json_, wide, store.now(), empty="nothing waits or was refused")
        output.print(_fields(row, fields) for row in count_reasons(store))


@report.command("drift")
@click.argument("connection", required=False)
@as_csv
@list_options
def drift(connection: str | None, csv_: Any, wide: bool, json_: bool) -> None:
    """Compare badgerelay's ledger with the provider's badges, for one connection or for all. It changes nothing.

    \b
    missing    the provider does not have the badge
    state      the badge's state differs
    template   the badge's template differs
    recipient  the badge went to another address
    unknown    the provider has a badge of a known learner that the ledger does not have
    """
    fields = ("kind", "connection", "badge_id", "award_id", "learner", "template_id", "ledger", "provider")
    columns = [
        Column("kind", kind="state", whole=True),
        Column("award", "award_id", "number", whole=True),
        Column("learner"),
        Column("badge", "badge_id", "id"),
        Column("ledger"),
        Column("provider"),
    ]
    kinds: Counter[str] = Counter()
    with opened_store() as store:
        now = store.now()
        # The spinner and rows that come one by one would share the terminal's lines.
        streams = json_ or (csv_ is not None and csv_.name == "-")
        with ExitStack() as shown:
            show = _silent if streams else shown.enter_context(status("reading the provider's badges"))
            rows = (_fields(row, fields) for row in _differences(store, connection, show))
            output = _Output(fields, columns, csv_, json_, wide, now, empty="the ledger and the provider agree")
            output.print(_counted(rows, kinds), before_table=shown.close)
    if kinds and not json_ and csv_ is None:
        click.echo(", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items())))


def _differences(store: Store, connection: str | None, show: Callable[[str], None]) -> Iterator[Any]:
    if connection is not None:
        chosen = [named_connection(store, connection, "provider")]
    else:
        chosen = [each for each in store.connections.all() if each.role == "provider"]
    for each in chosen:
        yield from Drift(store, each, note=show).run()


def _counted(rows: Rows, kinds: Counter[str]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        kinds[row["kind"]] += 1
        yield row


@dataclass(frozen=True, slots=True)
class _Output:
    """The form in which a report is printed; however long the report is, memory stays bounded."""

    fields: Sequence[str]
    columns: Sequence[Column]
    csv_: Any
    json_: bool
    wide: bool
    now: float
    empty: str

    def print(self, rows: Rows, before_table: Callable[[], None] = lambda: None) -> None:
        """Print the rows.

        :param before_table: called when all rows are read and the table is about to be printed.
        """
        if self.csv_ is not None:
            writer = csv.writer(self.csv_)
            writer.writerow(self.fields)
            shown = map(json_fields, rows)
            writer.writerows([escaped(row[field]) for field in self.fields] for row in shown)
        elif self.json_:
            _print_json(map(json_fields, rows))
        else:
            iterator = iter(rows)
            first = list(islice(iterator, SHOWN))
            left = sum(1 for _ in iterator)
            before_table()
            print_table(first, self.columns, json_=False, wide=self.wide, now=self.now, empty=self.empty)
            if left:
                click.echo(f"... and {left:,} more: give --csv FILE or --json to have all")


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


def _fields(row: Any, fields: Sequence[str]) -> dict[str, Any]:
    return {field: getattr(row, field) for field in fields}


def _silent(_text: str) -> None:
    pass
