"""``badgerelay backfill``: badges for past completions, first planned, then confirmed, then issued."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ...adapters.errors import AdapterError, ConfigurationError, RejectedError
from ..backfill.alm_reports import ORIGIN, transcript_of
from ..backfill.options import BackfillOptions, options_from, parse_bound
from ..backfill.plan import PlanError
from ..backfill.read_file import lines_of, read_into
from ..backfill.run import held, issue, plan, source_of_backfill
from ..backfill.summary import summary_of
from ..csvfiles.records import FileError
from ..runtime.durations import number_of
from ..sources.alm.api.errors import ReportError
from ..store import Store
from ..store.backfill.summary import plan_lines
from ..store.backfill.values import Backfill
from ..store.locks import ExclusiveLock, LockedError
from ..store.queries import MAX_NUMBER
from .backfill_output import Progress, counted_lines, print_summary
from .common import FailedError, as_json, confirmed, named_connection, opened_store
from .groups import Group
from .tables import Column, list_options, print_table
from .times import iso

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class _StartsByDefault(Group):
    """Read ``backfill CONNECTION ...`` as ``backfill start CONNECTION ...``."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        if arguments and arguments[0] not in {*self.commands, "-h", "--help"}:
            arguments.insert(0, "start")
        return super().parse_args(context, arguments)


@click.group(cls=_StartsByDefault)
def backfill() -> None:
    """Issue badges for past completions: `badgerelay backfill CONNECTION --from DATE`, or with a file of them.

    It first prints a plan: who would get which badge, who has it already, and who cannot get it and why. It issues
    the badges once you confirm the plan.
    """


number = click.argument("number", type=click.IntRange(1, MAX_NUMBER))
yes = click.option("--yes", is_flag=True, help="Issue the badges without asking for confirmation.")
csv_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@backfill.command("start")
@click.argument("connection", required=False)
@click.option("--source", help="The source of an LMS host, instead of CONNECTION. It needs a file.")
@click.option("--from", "since", metavar="DATE", help="Only completions from this day on (UTC), such as 2026-05-01.")
@click.option("--to", "until", metavar="DATE", help="Only completions up to the end of this day (UTC).")
@click.option(
    "--learning-object",
    "objects",
    multiple=True,
    metavar="ID",
    help="Only completions of this learning object. Repeat it for several.",
)
@click.option(
    "--transcript", type=csv_file, help="A learner transcript of ALM (CSV). Without it, badgerelay asks ALM for one."
)
@click.option("--grades", type=csv_file, help="A user_course_grade.csv of a migration, instead of a transcript.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Issue at most this many badges.")
@click.option("--email-is-id", is_flag=True, help="Take the host's learner ids as e-mail addresses.")
@click.option("--dry-run", is_flag=True, help="Only plan. `badgerelay backfill resume` issues the badges later.")
@yes
@as_json
def start(connection: str | None, source: str | None, **given: Any) -> None:
    """Plan a backfill of an ALM connection or a file, and issue its badges once you confirm the plan."""
    if (connection is None) == (source is None):
        raise click.UsageError("give either CONNECTION, for ALM, or --source, for an LMS host")
    if given["transcript"] and given["grades"]:
        raise click.UsageError("give either --transcript or --grades")
    if source is not None and not _HOST.match(source):
        raise click.UsageError("--source: give 1 to 64 letters, digits, '.', '_' or '-'")
    options = BackfillOptions(
        since=_bound("from", given["since"], last=False),
        until=_bound("to", given["until"], last=True),
        objects=given["objects"],
        limit=given["limit"],
        email_is_id=given["email_is_id"],
    )
    with opened_store() as store:
        name = named_connection(store, connection, "source").name if connection else ""
        file = given["transcript"] or given["grades"]
        if file is None and not name:
            raise click.UsageError("--source needs a file: --transcript or --grades")
        if file is None and options.since is None:
            raise click.UsageError("give --from, the first day of ALM's transcript, or --transcript FILE")
        account = source or f"alm:{named_connection(store, name).settings['account_id']}"
        begun = store.backfills.begin(name, account, file.name if file else ORIGIN, options.as_dict(), store.now())
        with _held(store, begun) as lock:
            _read(store, begun, file, grades=given["grades"] is not None)
            _go_on(store, begun, lock, dry_run=given["dry_run"], yes=given["yes"], json_=given["json_"])


@backfill.command("resume")
@number
@yes
@as_json
def resume(number: int, yes: bool, json_: bool) -> None:
    """Continue a backfill that was interrupted or only planned, by its number."""
    with opened_store() as store, _held(store, number) as lock:
        record = _record(store, number)
        if record.state == "reading":
            if record.origin != ORIGIN:
                raise FailedError(f"backfill {number} was interrupted while its file was read: start it again")
            store.past_completions.remove_all(number)
            _read(store, number, None)
        _go_on(store, number, lock, dry_run=False, yes=yes, json_=json_)


@backfill.command("list")
@list_options
def list_backfills(wide: bool, json_: bool) -> None:
    """List backfills, the newest first."""
    with opened_store() as store:
        now = store.now()
        rows = [{**asdict(each), "source": each.connection or each.source} for each in store.backfills.all()]
    columns = [
        Column("id", kind="number", whole=True),
        Column("state", kind="state"),
        Column("source"),
        Column("origin"),
        Column("made", "created_at", "time", whole=True),
    ]
    print_table(rows, columns, json_=json_, wide=wide, now=now, empty="no backfills")


@backfill.command("show")
@number
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(0),
    help="Print at most this many lines of the plan.",
)
@list_options
def show(number: int, limit: int, wide: bool, json_: bool) -> None:
    """Show the plan of a backfill line by line, and its progress."""
    with opened_store() as store:
        record = _record(store, number)
        with store.database.read() as transaction:
            rows = [asdict(each) for each in plan_lines(transaction, number, limit)]
        if json_:
            shown = [{**row, "occurred_at": row["occurred_at"] and iso(row["occurred_at"])} for row in rows]
            click.echo(json.dumps({**summary_of(store, record), "lines": shown}, indent=2))
            return
        print_summary(summary_of(store, record))
        badges = {template: name for (_, template), name in store.views.template_names().items()}
        columns = [
            Column("line", kind="number", whole=True),
            Column("state", kind="state", whole=True),
            Column("learner", "learner_id", "id"),
            Column("learning object", "learning_object_id", "id"),
            Column("badge", lambda row: badges.get(row["template_id"], row["template_id"])),
            Column("reason", kind="detail"),
        ]
        print_table(rows, columns, json_=False, wide=wide, now=store.now(), empty="no lines")


@contextmanager
def _held(store: Store, number: int) -> Iterator[ExclusiveLock]:
    """Lock a backfill for the block.

    :raises FailedError: when another process works on it.
    """
    try:
        with held(store, number) as lock:
            yield lock
    except LockedError as error:
        raise FailedError(f"{error}: see `badgerelay backfill show {number}`") from None


def _go_on(store: Store, number: int, lock: ExclusiveLock, *, dry_run: bool, yes: bool, json_: bool) -> None:
    record = _record(store, number)
    later = _how_to_resume(number)
    try:
        if record.state == "planning":
            with Progress(lock) as progress:
                plan(store, record, progress.report)
            record = _record(store, number)
        if record.state == "planned" and not dry_run:
            count = store.planned_badges.counts(number).get("would", 0)
            if not json_:
                print_summary(summary_of(store, record))
            if count:
                confirmed(f"Issue {number_of(count, 'badge')}?", yes=yes)
        if record.state in ("planned", "issuing") and not dry_run:
            with Progress(lock) as progress:
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
        print_summary(summary)
        if summary["state"] == "planned":
            click.echo(f"nothing is issued yet: see `badgerelay backfill show {number}`, then {later}")


def _read(store: Store, number: int, file: Path | None, *, grades: bool = False) -> None:
    """Read the completions of a file, or of the transcript that ALM makes.

    :raises FailedError: they cannot be read. The backfill is deleted unless it can be resumed.
    """
    record = _record(store, number)
    options = options_from(record.options)
    try:
        source = source_of_backfill(store, record)
        if file is None:
            click.echo("waiting for ALM to make a transcript, which may take some minutes", err=True)
            lines = transcript_of(store, named_connection(store, source.connection), number, options)
        else:
            lines = lines_of(file)
        read_into(store, number, source, options, lines, grades=grades, watch=counted_lines)
    except (FileError, ReportError, RejectedError, ConfigurationError) as error:
        store.past_completions.remove_all(number)
        store.backfills.remove(number)
        raise FailedError(f"{record.origin}: {error}") from None
    except AdapterError as error:
        raise FailedError(f"backfill {number}: {error}; {_how_to_resume(number)}") from None
    except (KeyboardInterrupt, click.Abort):
        if file is None:
            click.echo(f"\nbackfill {number} is interrupted: {_how_to_resume(number)}", err=True)
        raise click.Abort from None


def _how_to_resume(number: int) -> str:
    return f"continue with `badgerelay backfill resume {number}`"


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
