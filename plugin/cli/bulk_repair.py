"""``events replay``, ``awards retry``, ``release`` and ``revoke``: by number, by what they share, by time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from ..runtime.durations import parse_duration
from ..store import Store
from ..store.ledger.bulk_repair import RETRIABLE, REVOCABLE, Chosen
from ..store.queries import MAX_NUMBER
from ..store.schema.tables import EVENT_STATES
from .common import FailedError, confirmed, opened_store

MAX_REASON = 200
"""Characters of a reason to revoke."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one command says. :param others: of the numbers that were given, those it did not do."""

    what: str
    states: tuple[str, ...]
    would: str
    question: str
    done: str
    others: str


REPLAY = _Kind(
    "event",
    EVENT_STATES,
    "would be worked on again",
    "Work on {} events again?",
    "are worked on again",
    "were not readable when they arrived",
)
RETRY = _Kind(
    "award",
    RETRIABLE,
    "would be tried again",
    "Try {} awards again?",
    "are tried again",
    f"are not {', '.join(RETRIABLE)}",
)
RELEASE = _Kind(
    "award",
    ("held",),
    "would be released",
    "Release {} awards?",
    "are released",
    "are not held, or wait for `badgerelay resume`",
)
REVOKE = _Kind(
    "award",
    REVOCABLE,
    "would be revoked",
    "Revoke {} awards, for good?",
    "are being revoked",
    "are being sent just now, or revoked, replaced or expired",
)


@click.command("replay")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def replay(**given: Any) -> None:
    """Work on events again from the start, by number or by filter. No badge is doubled by it."""
    with opened_store() as store:
        _repair(
            store, given, REPLAY, store.repair.count_replay, lambda chosen: store.repair.replay(chosen, store.now)
        )


@click.command("retry")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def retry(**given: Any) -> None:
    """Try rejected, dead or waiting awards again now. Where a badge may be there already, it is looked for first."""
    with opened_store() as store:
        _repair(store, given, RETRY, store.repair.count_retry, lambda chosen: store.repair.retry(chosen, store.now))


@click.command("release")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def release(**given: Any) -> None:
    """Send awards that are held. Where their connection is paused, they go once it is resumed."""
    with opened_store() as store:
        _repair(
            store, given, RELEASE, store.repair.count_release, lambda chosen: store.repair.release(chosen, store.now)
        )


@click.command("revoke")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
@click.option("--because", required=True, help="Why, for the provider, who may tell the recipient.")
def revoke(because: str, **given: Any) -> None:
    """Revoke badges at the provider, for good. What is not issued yet is not issued any more."""
    reason = " ".join(because.split())
    if not 0 < len(reason) <= MAX_REASON or not reason.isprintable():
        raise click.UsageError(f"--because: must be 1 to {MAX_REASON} printable characters")
    with opened_store() as store:
        _repair(
            store,
            given,
            REVOKE,
            store.repair.count_revoke,
            lambda chosen: store.repair.revoke(chosen, reason, store.now),
            always_ask=True,
        )


def _repair(
    store: Store,
    given: dict[str, Any],
    kind: _Kind,
    count: Callable[[Chosen], int],
    repair: Callable[[Chosen], int],
    *,
    always_ask: bool = False,
) -> None:
    """:param always_ask: also where numbers were given."""
    chosen = _chosen(given, store)
    _known(store.views.event if kind.what == "event" else store.views.award, kind.what, chosen)
    if chosen.state is not None and chosen.state not in kind.states:
        raise click.UsageError(f"--state: only {', '.join(kind.states)} can be chosen here")
    found = count(chosen)
    if given["dry_run"]:
        click.echo(f"{found} {kind.what}s {kind.would}")
        return
    if found and (always_ask or chosen.ids is None):
        confirmed(kind.question.format(found), yes=given["yes"])
    _say(chosen, repair(chosen), kind)


def _filters(command: click.Command, kind: _Kind) -> None:
    awards = kind.what == "award"
    what = "planned" if awards else "arrived"
    states = ", ".join(kind.states)
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


for _command, _kind in ((replay, REPLAY), (retry, RETRY), (release, RELEASE), (revoke, REVOKE)):
    _filters(_command, _kind)


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


def _say(chosen: Chosen, done: int, kind: _Kind) -> None:
    """:raises FailedError: of those that were named, none could be."""
    if chosen.ids is None:
        click.echo(f"{done} {kind.what}s {kind.done}")
        return
    text = f"{done} of {len(chosen.ids)} {kind.what}s {kind.done}"
    if done < len(chosen.ids):
        text += f" (the others {kind.others})"
    if not done:
        raise FailedError(text)
    click.echo(text)
