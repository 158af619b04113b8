"""``events replay``, ``awards retry``, ``release`` and ``revoke``: repair by number or by filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from ..runtime.durations import number_of
from ..store import EVENT_STATES, Store
from ..store.ledger.bulk_repair import RETRIABLE, REVOCABLE, Chosen
from ..store.queries import MAX_NUMBER
from .common import FailedError, confirmed, opened_store
from .times import SINCE_HELP, instant

MAX_REASON = 200
"""Maximum characters of a reason to revoke."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """The words of one command.

    :param what: ``event`` or ``award``.
    :param states: the states that the command works on.
    :param question: the question before it does, with ``{}`` for the number of events or awards.
    :param done: what was done to them, behind "is" or "are".
    :param others: why the command left out some of the given numbers, behind "the others".
    """

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
    "Work on {} again?",
    "worked on again",
    "were not readable when they arrived",
)
RETRY = _Kind(
    "award",
    RETRIABLE,
    "would be tried again",
    "Try {} again?",
    "tried again",
    f"are not {', '.join(RETRIABLE)}",
)
RELEASE = _Kind(
    "award",
    ("held",),
    "would be released",
    "Release {}?",
    "released",
    "are not held, or wait for `badgerelay resume`",
)
REVOKE = _Kind(
    "award",
    REVOCABLE,
    "would be revoked",
    "Revoke {}? This cannot be undone.",
    "being revoked",
    "are being sent just now, or revoked, replaced or expired",
)


@click.command("replay")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def replay(**given: Any) -> None:
    """Decide again what events earn, by their numbers or by filters.

    No badge is issued twice by it.
    """
    with opened_store() as store:
        _repair(
            store, given, REPLAY, store.repair.count_replay, lambda chosen: store.repair.replay(chosen, store.now)
        )


@click.command("retry")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def retry(**given: Any) -> None:
    """Try rejected, dead or waiting awards again now, by their numbers or by filters.

    If the badge may exist already, badgerelay asks the provider before it sends again.
    """
    with opened_store() as store:
        _repair(store, given, RETRY, store.repair.count_retry, lambda chosen: store.repair.retry(chosen, store.now))


@click.command("release")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
def release(**given: Any) -> None:
    """Send held awards, by their numbers or by filters.

    Awards of a paused connection are sent once it is resumed.
    """
    with opened_store() as store:
        _repair(
            store, given, RELEASE, store.repair.count_release, lambda chosen: store.repair.release(chosen, store.now)
        )


@click.command("revoke")
@click.argument("ids", type=click.IntRange(1, MAX_NUMBER), nargs=-1)
@click.option("--because", required=True, help="The reason, for the provider, which may show it to the recipient.")
def revoke(because: str, **given: Any) -> None:
    """Revoke badges at the provider, by the numbers of their awards or by filters. This cannot be undone.

    An award that is not issued yet will not be issued.
    """
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
    """Choose, ask, repair and report.

    :param always_ask: ask for confirmation also if numbers were given.
    """
    chosen = _chosen(given, store)
    _check_numbers(store.views.event if kind.what == "event" else store.views.award, kind.what, chosen)
    if chosen.state is not None and chosen.state not in kind.states:
        raise click.UsageError(f"--state: only {', '.join(kind.states)} can be chosen here")
    found = count(chosen)
    if given["dry_run"]:
        click.echo(f"{number_of(found, kind.what)} {kind.would}")
        return
    if found and (always_ask or chosen.ids is None):
        confirmed(kind.question.format(number_of(found, kind.what)), yes=given["yes"])
    _report(chosen, repair(chosen), kind)


def _filters(command: click.Command, kind: _Kind) -> None:
    awards = kind.what == "award"
    what = "planned" if awards else "arrived"
    states = ", ".join(kind.states)
    options = [
        click.option("--state", help=f"Only in this state: {states}."),
        click.option("--connection", help=f"Only of this {'provider' if awards else 'source'} connection."),
        click.option("--source", help="Only of this LMS host, ALM connection or alm:<account>."),
        click.option("--reason", help="Only where the reason contains this text."),
        click.option("--since", metavar="TIME", help=f"Only what {what} from this time on: {SINCE_HELP}."),
        click.option("--until", metavar="TIME", help=f"Only what {what} before this time."),
        click.option("--all", "all_", is_flag=True, help=f"Take all {kind.what}s."),
        click.option("--dry-run", is_flag=True, help="Only say how many it would be."),
        click.option("--yes", is_flag=True, help="Do not ask for confirmation."),
    ]
    if awards:
        options.insert(4, click.option("--template", help="Only of the badge template with this id."))
    for option in reversed(options):
        option(command)


for _command, _kind in ((replay, REPLAY), (retry, RETRY), (release, RELEASE), (revoke, REVOKE)):
    _filters(_command, _kind)


def _chosen(given: dict[str, Any], store: Store) -> Chosen:
    """Return the choice that the arguments make.

    :raises click.UsageError: they choose nothing, or choose in two ways at once.
    """
    names = ("state", "connection", "source", "reason", "template", "since", "until")
    filters = {name: given[name] for name in names if given.get(name) is not None}
    ways = [bool(given["ids"]), bool(filters), given["all_"]]
    if sum(ways) != 1:
        raise click.UsageError("give either numbers, or filters (--state, --reason, --since, ...), or --all")
    for name in ("since", "until"):
        if name in filters:
            filters[name] = instant(name, filters[name], store.now())
    return Chosen(ids=tuple(dict.fromkeys(given["ids"])) or None, **filters)


def _check_numbers(get: Callable[[int], Any], what: str, chosen: Chosen) -> None:
    """Check that the given numbers exist.

    :raises FailedError: when one does not.
    """
    for number in chosen.ids or ():
        if get(number) is None:
            raise FailedError(f"there is no {what} {number}: see `badgerelay {what}s list`")


def _report(chosen: Chosen, done: int, kind: _Kind) -> None:
    """Print how many records the command has changed.

    :raises FailedError: when it could change none of the given numbers.
    """
    verb = "is" if done == 1 else "are"
    if chosen.ids is None:
        click.echo(f"{number_of(done, kind.what)} {verb} {kind.done}")
        return
    text = f"{done:,} of {number_of(len(chosen.ids), kind.what)} {verb} {kind.done}"
    if done < len(chosen.ids):
        text += f" (the others {kind.others})"
    if not done:
        raise FailedError(text)
    click.echo(text)
