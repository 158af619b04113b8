"""``badgerelay awards``: list, explain and repair the badges that completions earned."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from ..reports.explain import Explanation, explain, waiting_for
from ..store import AWARD_STATES
from .bulk_repair import release, retry, revoke
from .common import FailedError, as_json, opened_store
from .filters import email, limit, since, template
from .groups import Group
from .tables import Column, list_options, print_record, print_table
from .times import instant, iso

STEP_COLUMNS = (
    Column("when", "at", "time", whole=True),
    Column("what", "about", whole=True),
    Column("state", kind="state", whole=True),
    Column("cause", kind="detail"),
)


@click.group(cls=Group)
def awards() -> None:
    """List, explain and repair awards: each is one badge that a learner earned."""


@awards.command("list")
@click.option("--state", type=click.Choice(AWARD_STATES), help="Only awards in this state.")
@click.option("--connection", help="Only awards of this provider connection.")
@click.option("--learner", help="Only awards of the learner with this id in the LMS.")
@template
@email
@since
@limit
@list_options
def list_awards(
    state: str | None,
    connection: str | None,
    learner: str | None,
    template: str | None,
    email: str | None,
    since: str | None,
    limit: int,
    wide: bool,
    json_: bool,
) -> None:
    """List awards, the newest first."""
    with opened_store() as store:
        now = store.now()
        rows = store.views.awards(
            state=state,
            connection=connection,
            learner=learner,
            template=template,
            email=email,
            since=None if since is None else instant("since", since, now),
            limit=limit,
        )
        badges = {} if json_ else store.views.template_names()

    def badge(row: Mapping[str, Any]) -> Any:
        return badges.get((row["connection"], row["template_id"]), row["template_id"])

    columns = [
        Column("id", kind="number", whole=True),
        Column("state", kind="state", whole=True),
        Column("badge", badge),
        Column("learner", "learner"),
        Column("connection", optional=True),
        Column("made", "created_at", "time", whole=True),
        Column("reason", lambda row: _reason(row), "detail"),
    ]
    shown = [_without_recipient(row) for row in rows]
    if not json_:
        shown = [{**kept, "learner": _name(row)} for kept, row in zip(shown, rows, strict=True)]
    print_table(shown, columns, json_=json_, wide=wide, now=now, empty="no awards")


@awards.command("show")
@click.argument("award_id", type=int)
@as_json
def show_award(award_id: int, json_: bool) -> None:
    """Show everything that is kept of one award, by its number."""
    with opened_store() as store:
        award = store.views.award(award_id)
    if award is None:
        raise FailedError(f"there is no award {award_id}: see `badgerelay awards list`")
    print_record(_without_recipient(award), json_=json_)


@awards.command("why")
@click.argument("which")
@click.option("--event", "is_event", is_flag=True, help="Take WHICH as the number of an event, not of an award.")
@as_json
def why(which: str, is_event: bool, json_: bool) -> None:
    """Explain an award, or a completion that earned none, step by step.

    WHICH is the number of an award, the event id that the LMS gave, or a correlation id.
    """
    with opened_store() as store:
        explanations = explain(store, which, is_event=is_event)
        if not explanations:
            raise FailedError(
                f"there is no {'event' if is_event else 'award, event id or correlation id'} {which!r}"
                + ("" if is_event else " (give --event with an event's number)")
            )
        now = store.now()
        waits = waiting_for(store, [award for each in explanations for award in each.awards])
    if json_:
        click.echo(json.dumps([_explanation_json(each, waits) for each in explanations], indent=2))
        return
    for explanation in explanations:
        _print(explanation, waits, now)


awards.add_command(retry)
awards.add_command(release)
awards.add_command(revoke)


def _without_recipient(award: Mapping[str, Any]) -> dict[str, Any]:
    """Return an award without its recipient's address."""
    return {key: value for key, value in award.items() if key != "recipient"}


def _name(award: Mapping[str, Any]) -> str:
    """Return the recipient's name, or the learner's id if the award has no name."""
    recipient = json.loads(award["recipient"])
    return " ".join(filter(None, (recipient.get("first_name"), recipient.get("last_name")))) or award["learner_id"]


def _reason(award: Mapping[str, Any]) -> str | None:
    """Return the reason for the state, unless the state says it all."""
    reason: str | None = award["reason"]
    return None if award["state"] in ("issued", "accepted") else reason


def _print(explanation: Explanation, waits: Mapping[int, str], now: float) -> None:
    for award in explanation.awards:
        badge = f", badge {award['badge_id']}" if award["badge_id"] else ""
        click.echo(f"award {award['id']} is {award['state']}{badge}")
        if award["badge_url"]:
            click.echo(f"  {award['badge_url']}")
        if award["reason"]:
            click.echo(f"  {award['reason']}")
        if award["id"] in waits:
            click.echo(f"  {waits[award['id']]}")
    for event in explanation.events:
        if not explanation.awards:
            click.echo(f"event {event['id']} is {event['state']}: {event['reason'] or 'not decided yet'}")
        if event["state"] == "waiting":
            click.echo(f"  it is tried again at {iso(event['due_at'])}")
    click.echo(f"correlation id {explanation.correlation_id}")
    if sys.stdout.isatty():
        steps = [asdict(step) for step in explanation.steps]
        print_table(steps, STEP_COLUMNS, json_=False, empty="no steps", now=now)
        return
    width = max(len(step.about) for step in explanation.steps)
    for step in explanation.steps:
        click.echo(f"{iso(step.at)}  {step.about:<{width}}  {step.state:<8}  {step.cause}")


def _explanation_json(explanation: Explanation, waits: Mapping[int, str]) -> dict[str, Any]:
    return {
        "correlation_id": explanation.correlation_id,
        "events": [{"id": event["id"], "state": event["state"]} for event in explanation.events],
        "awards": [
            {"id": award["id"], "state": award["state"], "waits_for": waits.get(award["id"])}
            for award in explanation.awards
        ],
        "steps": [{**asdict(step), "at": iso(step.at)} for step in explanation.steps],
    }
