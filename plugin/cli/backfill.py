"""``badgerelay backfill``: past completions made good, planned first, then confirmed, then issued."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from ...adapters.errors import AdapterError, ConfigurationError, RejectedError
from ..backfill.alm_reports import ORIGIN, transcript_of
from ..backfill.options import BackfillOptions, options_from, parse_bound
from ..backfill.plan import PlanError
from ..backfill.read_file import lines_of, read_into
from ..backfill.run import held, issue, plan, source_of_backfill
from ..backfill.summary import summary_of
from ..csvfiles.records import FileError
from ..sources.alm.api.errors import ReportError
from ..store import Store
from ..store.backfill.summary import plan_lines
from ..store.backfill.values import Backfill
from ..store.locks import ExclusiveLock, LockedError
from ..store.queries import MAX_NUMBER
from .common import FailedError, as_json, confirmed, opened_store, print_rows, wanted_connection, when

LINES = 10_000
"""So many lines are between two signs of life."""

T = TypeVar("T")

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_GIVEN = {
    "would": "would be issued",
    "sent": "are on their way",
    "has": "are there already",
    "cannot": "cannot be given",
    "beyond": "are beyond --limit",
}


class _StartsByDefault(click.Group):
    """``backfill CONNECTION ...`` is ``backfill start CONNECTION ...``."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        if arguments and arguments[0] not in {*self.commands, "-h", "--help"}:
            arguments.insert(0, "start")
        return super().parse_args(context, arguments)


@click.group(cls=_StartsByDefault)
def backfill() -> None:
    """Issue badges for past completions: `backfill CONNECTION --from DATE`, or with a file of them.

    First a plan: who would get which badge, who has it already, who cannot and why. Then, once you have confirmed it,
    the badges.
    """


number = click.argument("number", type=click.IntRange(1, MAX_NUMBER))
yes = click.option("--yes", is_flag=True, help="Do not ask before issuing.")
csv_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@backfill.command("start")
@click.argument("connection", required=False)
@click.option("--source", help="In place of CONNECTION: an LMS host's source.")
@click.option("--from", "since", metavar="DATE", help="Only completions from this day on (UTC).")
@click.option("--to", "until", metavar="DATE", help="Only completions up to this day, which is included (UTC).")
@click.option("--learning-object", "objects", multiple=True, metavar="ID", help="Only this one; may be repeated.")
@click.option("--transcript", type=csv_file, help="A learner transcript of ALM's (CSV), for which ALM is asked else.")
@click.option("--grades", type=csv_file, help="A user_course_grade.csv of a migration.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many badges.")
@click.option("--email-is-id", is_flag=True, help="The host's ids of learners are their e-mail addresses.")
@click.option("--dry-run", is_flag=True, help="Only plan. `backfill resume` issues it later.")
@yes
@as_json
def start(connection: str | None, source: str | None, **given: Any) -> None:
    """Plan a backfill, and issue it once confirmed."""
    if (connection is None) == (source is None):
        raise click.UsageError("give either CONNECTION, an ALM connection, or --source, an LMS host's")
    if given["transcript"] and given["grades"]:
        raise click.UsageError("give either --transcript or --grades")
    if source is not None and not _HOST.match(source):
        raise click.UsageError("--source: 1 to 64 of letters, digits, '.', '_', '-'")
    options = BackfillOptions(
        since=_bound("from", given["since"], last=False),
        until=_bound("to", given["until"], last=True),
        objects=given["objects"],
        limit=given["limit"],
        email_is_id=given["email_is_id"],
    )
    with opened_store() as store:
        name = wanted_connection(store, connection, "source").name if connection else ""
        file = given["transcript"] or given["grades"]
        if file is None and not name:
            raise click.UsageError("--source needs a file: --transcript or --grades")
        if file is None and options.since is None:
            raise click.UsageError("give --from, the day from which ALM makes a transcript, or --transcript FILE")
        account = source or f"alm:{wanted_connection(store, name).settings['account_id']}"
        begun = store.backfills.begin(name, account, file.name if file else ORIGIN, options.as_dict(), store.now())
        with _held(store, begun) as lock:
            _read(store, begun, file, grades=given["grades"] is not None)
            _go_on(store, begun, lock, dry_run=given["dry_run"], yes=given["yes"], json_=given["json_"])


@backfill.command("resume")
@number
@yes
@as_json
def resume(number: int, yes: bool, json_: bool) -> None:
    """Go on with a backfill that was interrupted, or only planned."""
    with opened_store() as store, _held(store, number) as lock:
        record = _record(store, number)
        if record.state == "reading":
            if record.origin != ORIGIN:
                raise FailedError(f"backfill {number} was interrupted while its file was read: start it anew")
            store.past_completions.remove_all(number)
            _read(store, number, None)
        _go_on(store, number, lock, dry_run=False, yes=yes, json_=json_)


@backfill.command("list")
@as_json
def list_backfills(json_: bool) -> None:
    """The newest first."""
    with opened_store() as store:
        rows = [{**asdict(each), "source": each.connection or each.source} for each in store.backfills.all()]
    print_rows(rows, ["id", "state", "source", "origin", "created_at"], json_=json_, empty="no backfills")


@backfill.command("show")
@number
@click.option("--limit", default=50, show_default=True, type=click.IntRange(0), help="Lines shown at most.")
@as_json
def show(number: int, limit: int, json_: bool) -> None:
    """The plan, line by line, and how far it is."""
    with opened_store() as store:
        record = _record(store, number)
        with store.database.read() as transaction:
            rows = [asdict(each) for each in plan_lines(transaction, number, limit)]
        if json_:
            shown = [{**row, "occurred_at": row["occurred_at"] and when(row["occurred_at"])} for row in rows]
            click.echo(json.dumps({**summary_of(store, record), "lines": shown}, indent=2))
            return
        _print(summary_of(store, record))
        columns = ["line", "learner_id", "learning_object_id", "template_id", "state", "reason"]
        print_rows(rows, columns, json_=False, empty="no lines")


@contextmanager
def _held(store: Store, number: int) -> Iterator[ExclusiveLock]:
    """:raises FailedError: another process works on it."""
    try:
        with held(store, number) as lock:
            yield lock
    except LockedError as error:
        raise FailedError(f"{error}: see `badgerelay backfill show {number}`") from None


def _go_on(store: Store, number: int, lock: ExclusiveLock, *, dry_run: bool, yes: bool, json_: bool) -> None:
    record = _record(store, number)
    later = _later(number)
    try:
        if record.state == "planning":
            with _Progress(lock) as progress:
                plan(store, record, progress.say)
            record = _record(store, number)
        if record.state == "planned" and not dry_run:
            count = store.planned_badges.counts(number).get("would", 0)
            if not json_:
                _print(summary_of(store, record))
            if count:
                confirmed(f"Issue {count:,} badges?", yes=yes)
        if record.state in ("planned", "issuing") and not dry_run:
            with _Progress(lock) as progress:
                issue(store, record, progress.count)
    except (PlanError, LookupError, AdapterError) as error:
        raise FailedError(f"backfill {number}: {error}; {later}") from None
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"\nbackfill {number} is interrupted: {later}", err=True)
        raise click.Abort from None
    summary = summary_of(store, _record(store, number))
    if json_:
        click.echo(json.dumps(summary, indent=2))
    else:
        _print(summary)
        if summary["state"] == "planned":
            click.echo(f"nothing is issued yet: see `badgerelay backfill show {number}`, then {later}")


def _print(summary: dict[str, Any]) -> None:
    click.echo(f"backfill {summary['id']} of {summary['source']}, from {summary['origin']}: {summary['state']}")
    for state, count in sorted(summary["badges"].items(), key=lambda item: item[0] != "would"):
        whom = f" to {summary['learners']:,} learners" if state == "would" else ""
        click.echo(f"{count:>9,}  badges {_GIVEN.get(state, f'are {state}')}{whom}")
    for title, counts in (
        ("earn nothing:", [(each["reason"], each["count"]) for each in summary["reasons"]]),
        ("lines left out:", summary["left_out"].items()),
    ):
        if counts:
            click.echo(title)
        for why, count in counts:
            click.echo(f"{count:>9,}  {why}")


def _read(store: Store, number: int, file: Path | None, *, grades: bool = False) -> None:
    """Take the completions of a file, or of the transcript that ALM makes.

    :raises FailedError: they cannot be read. The backfill is forgotten, unless it can be gone on with.
    """
    record = _record(store, number)
    options = options_from(record.options)
    try:
        source = source_of_backfill(store, record)
        if file is None:
            click.echo("ALM makes a transcript, which may take a while", err=True)
            lines = transcript_of(store, wanted_connection(store, source.connection), number, options)
        else:
            lines = lines_of(file)
        read_into(store, number, source, options, lines, grades=grades, watch=_counted)
    except (FileError, ReportError, RejectedError, ConfigurationError) as error:
        store.past_completions.remove_all(number)
        store.backfills.remove(number)
        raise FailedError(f"{record.origin}: {error}") from None
    except AdapterError as error:
        raise FailedError(f"backfill {number}: {error}; {_later(number)}") from None
    except (KeyboardInterrupt, click.Abort):
        if file is None:
            click.echo(f"\nbackfill {number} is interrupted: {_later(number)}", err=True)
        raise click.Abort from None


def _later(number: int) -> str:
    return f"go on with `badgerelay backfill resume {number}`"


def _record(store: Store, number: int) -> Backfill:
    record = store.backfills.get(number)
    if record is None:
        raise FailedError(f"there is no backfill {number}: see `badgerelay backfill list`")
    return record


def _bound(name: str, text: str | None, *, last: bool) -> float | None:
    try:
        return None if text is None else parse_bound(text, last=last)
    except ValueError as error:
        raise click.UsageError(f"--{name}: {error}") from None


def _counted(rows: Iterable[T]) -> Iterator[T]:
    with _Progress() as progress:
        for count, row in enumerate(rows, start=1):
            if count % LINES == 0:
                progress.say(f"{count:,} lines read")
            yield row


class _Progress:
    """One line on a terminal that says how far it is; elsewhere, what holds it up.

    :param lock: without which it goes no further.
    """

    def __init__(self, lock: ExclusiveLock | None = None) -> None:
        self._lock = lock
        self._shown = sys.stderr.isatty()
        self._said = ""

    def say(self, text: str) -> None:
        if self._lock is not None:
            self._lock.check()
        if self._shown and text != self._said:
            click.echo(f"\r\033[K{text[:100]}", nl=False, err=True)
        elif "waiting: " in text and text.partition("waiting: ")[2] != self._said.partition("waiting: ")[2]:
            click.echo(text, err=True)
        self._said = text

    def count(self, settled: int, trouble: str) -> None:
        self.say(f"{settled:,} badges settled" + (f"; waiting: {trouble}" if trouble else ""))

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)
