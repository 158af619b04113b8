"""``events replay``, ``awards retry`` and ``awards release``: by number, by what they have in common, by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from ..durations import parse_duration
from ..store import Store
from ..store.repair import RETRIABLE, Chosen
from ..store.tables import EVENT_STATES
from ..store.views import MAX_NUMBER
from .common import FailedError, confirmed, opened_store


@click.command("replay")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def replay(**given: Any) -> None:
    """Work on events again from the start, by number or by filter. No badge is doubled by it."""
    with opened_store() as store:
        chosen = _chosen(given, store)
        _known(store.views.event, "event", chosen)
        _check_state(chosen, EVENT_STATES)
        count = store.repair.count_replay(chosen)
        if _go(given, chosen, count, "events would be worked on again", f"Work on {count} events again?"):
            done = store.repair.replay(chosen, store.now)
            _say(chosen, done, "events are worked on again", "were not readable when they arrived")


@click.command("retry")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def retry(**given: Any) -> None:
    """Try rejected, dead or waiting awards again now. Where a badge may be there already, it is looked for first."""
    with opened_store() as store:
        chosen = _chosen(given, store)
        _known(store.views.award, "award", chosen)
        _check_state(chosen, RETRIABLE)
        count = store.repair.count_retry(chosen)
        if _go(given, chosen, count, "awards would be tried again", f"Try {count} awards again?"):
            done = store.repair.retry(chosen, store.now)
            _say(chosen, done, "awards are tried again", f"are not {', '.join(RETRIABLE)}")


@click.command("release")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def release(**given: Any) -> None:
    """Send awards that are held. Where their connection is paused, they go once it is resumed."""
    with opened_store() as store:
        chosen = _chosen(given, store)
        _known(store.views.award, "award", chosen)
        _check_state(chosen, ("held",))
        count = store.repair.count_release(chosen)
        if _go(given, chosen, count, "awards would be released", f"Release {count} awards?"):
            done = store.repair.release(chosen, store.now)
            _say(chosen, done, "awards are released", "are not held, or wait for `badgerelay resume`")


def _filters(command: click.Command, *, awards: bool) -> None:
    what = "planned" if awards else "arrived"
    states = ", ".join(RETRIABLE) if awards else ", ".join(EVENT_STATES)
    options = [
        click.option("--state", help=f"Only of this state: {states}."),
        click.option("--connection", help=f"Only of this {'provider' if awards else 'source'} connection."),
        click.option("--source", help="Only of this LMS host, ALM connection or alm:<account>."),
        click.option("--reason", help="Only whose reason has this text in it."),
        click.option(
            "--since", help=f"Only what {what} since then: 2026-05-01T08:00 (UTC), or 2 hours ago: '2 hours'."
        ),
        click.option("--until", help=f"Only what {what} before then."),
        click.option("--all", "all_", is_flag=True, help="Everything."),
        click.option("--dry-run", is_flag=True, help="Only say how many."),
        click.option("--yes", is_flag=True, help="Do not ask."),
    ]
    if awards:
        options.insert(4, click.option("--template", help="Only of this badge template."))
    for option in reversed(options):
        option(command)


for _command, _awards in ((replay, False), (retry, True), (release, True)):
    _filters(_command, awards=_awards)


def _chosen(given: dict[str, Any], store: Store) -> Chosen:
    """:raises click.UsageError: nothing was chosen, or in two ways at once."""
    names = ("state", "connection", "source", "reason", "template", "since", "until")
    filters = {name: given[name] for name in names if given.get(name) is not None}
    ways = [bool(given["ids"]), bool(filters), given["all_"]]
    if sum(ways) != 1:
        raise click.UsageError("give either numbers, or filters (--state, --reason, --since, ...), or --all")
    for name in ("since", "until"):
        if name in filters:
            filters[name] = instant(name, filters[name], store.now())
    return Chosen(ids=tuple(dict.fromkeys(given["ids"])) or None, **filters)


def instant(name: str, text: str, now: float) -> float:
    ago = parse_duration(text.strip().removesuffix("ago"))
    if ago is not None:
        return now - ago
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise click.UsageError(
            f"--{name}: {text!r} is neither a time such as 2026-05-01T08:00 nor a length such as '2 hours'"
        ) from None


def _known(look: Callable[[int], Any], what: str, chosen: Chosen) -> None:
    for number in chosen.ids or ():
        if look(number) is None:
            raise FailedError(f"there is no {what} {number}")


def _check_state(chosen: Chosen, states: tuple[str, ...]) -> None:
    if chosen.state is not None and chosen.state not in states:
        raise click.UsageError(f"--state: only {', '.join(states)} can be chosen here")


def _go(given: dict[str, Any], chosen: Chosen, count: int, would: str, question: str) -> bool:
    """Whether to do it."""
    if given["dry_run"]:
        click.echo(f"{count} {would}")
        return False
    if chosen.ids is None and count:
        confirmed(question, yes=given["yes"])
    return True


def _say(chosen: Chosen, done: int, what: str, others: str) -> None:
    """:raises FailedError: of those that were named, none could be."""
    if chosen.ids is None:
        click.echo(f"{done} {what}")
        return
    text = f"{done} of {len(chosen.ids)} {what}"
    if done < len(chosen.ids):
        text += f" (the others {others})"
    if not done:
        raise FailedError(text)
    click.echo(text)
