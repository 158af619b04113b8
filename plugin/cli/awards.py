"""``badgerelay events`` and ``badgerelay awards``: see, explain and repair."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from ..reports.explain import Explanation, explain_award, explain_event
from ..store import Store
from ..store.schema.tables import AWARD_STATES, EVENT_STATES
from .bulk_repair import release, replay, retry, revoke
from .common import FailedError, as_json, opened_store, print_record, print_rows, when
from .connections import held_up_by

limit = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="At most so many."
)


@click.group()
def events() -> None:
    """What arrived, from webhooks and hooks."""


@events.command("list")
@click.option("--state", type=click.Choice(EVENT_STATES), help="Only of this state.")
@click.option("--source", help="An LMS host, an ALM connection, or alm:<account>.")
@limit
@as_json
def list_events(state: str | None, source: str | None, limit: int, json_: bool) -> None:
    """The newest first."""
    with opened_store() as store:
        rows = store.views.events(state=state, source=source, limit=limit)
    columns = ["id", "received_at", "source", "kind", "learner_id", "learning_object_id", "state", "reason"]
    print_rows(rows, columns, json_=json_, empty="no events")


@events.command("show")
@click.argument("event_id", type=int)
@as_json
def show_event(event_id: int, json_: bool) -> None:
    """Everything that is kept of one event."""
    with opened_store() as store:
        print_record(_event(store, event_id), json_=json_)


events.add_command(replay)


@click.group()
def awards() -> None:
    """What became of completions: one award for each badge."""


@awards.command("list")
@click.option("--state", type=click.Choice(AWARD_STATES), help="Only of this state.")
@click.option("--connection", help="Only this provider connection's.")
@click.option("--learner", help="Only this learner's, by the id in the LMS.")
@limit
@as_json
def list_awards(state: str | None, connection: str | None, learner: str | None, limit: int, json_: bool) -> None:
    """The newest first."""
    with opened_store() as store:
        rows = store.views.awards(state=state, connection=connection, learner=learner, limit=limit)
    columns = ["id", "state", "connection", "learner_id", "template_id", "badge_id", "reason"]
    print_rows([_award_shown(row) for row in rows], columns, json_=json_, empty="no awards")


@awards.command("show")
@click.argument("award_id", type=int)
@as_json
def show_award(award_id: int, json_: bool) -> None:
    """Everything that is kept of one award."""
    with opened_store() as store:
        print_record(_award_shown(_award(store, award_id)), json_=json_)


@awards.command("why")
@click.argument("which")
@click.option("--event", "is_event", is_flag=True, help="WHICH is an event's number, not an award's.")
@as_json
def why(which: str, is_event: bool, json_: bool) -> None:
    """The whole way of one award, or of a completion that made none.

    WHICH is an award's number, or the event id that the LMS gave, or a correlation id.
    """
    with opened_store() as store:
        explanations = list(_explanations(store, which, is_event=is_event))
        held_up = _held_up(store, [award for each in explanations for award in each.awards])
    if json_:
        click.echo(json.dumps([_explanation_json(each, held_up) for each in explanations], indent=2))
        return
    for explanation in explanations:
        _print(explanation, held_up)


awards.add_command(retry)
awards.add_command(release)
awards.add_command(revoke)


def _event(store: Store, event_id: int) -> dict[str, Any]:
    event = store.views.event(event_id)
    if event is None:
        raise FailedError(f"there is no event {event_id}")
    return event


def _award(store: Store, award_id: int) -> dict[str, Any]:
    award = store.views.award(award_id)
    if award is None:
        raise FailedError(f"there is no award {award_id}")
    return award


def _award_shown(award: dict[str, Any]) -> dict[str, Any]:
    """Without the recipient's address and name, which lists need not spread."""
    return {key: value for key, value in award.items() if key != "recipient"}


def _explanations(store: Store, which: str, *, is_event: bool) -> list[Explanation]:
    number = int(which) if which.isdecimal() and len(which) < 20 else None
    if number is not None and not is_event:
        award = store.views.award(number)
        if award is not None:
            return [explain_award(store, award)]
    if number is not None and is_event:
        return [explain_event(store, _event(store, number))]
    found = store.views.events_called(which)
    if not found:
        raise FailedError(
            f"there is no award, event id or correlation id {which!r} (an event's number needs --event)"
        )
    return [explain_event(store, event) for event in found]


def _held_up(store: Store, awards: list[dict[str, Any]]) -> dict[int, str]:
    """By its number, what each award that is not done waits for."""
    return {award["id"]: _waits_for(store, award) for award in awards if award["state"] in ("planned", "waiting")}


def _waits_for(store: Store, award: dict[str, Any]) -> str:
    connection = store.connections.get(award["connection"])
    if connection is None:
        return f"its connection {award['connection']} is gone: connect it again"
    held_up, trouble = held_up_by(connection, store.now())
    if held_up:
        return f"its connection {connection.name}: {held_up}" + (f" ({trouble})" if trouble else "")
    return f"it is tried at {when(award['due_at'])}, through its connection {connection.name}"


def _print(explanation: Explanation, held_up: dict[int, str]) -> None:
    for award in explanation.awards:
        badge = f", badge {award['badge_id']}" if award["badge_id"] else ""
        click.echo(f"award {award['id']} is {award['state']}{badge}")
        if award["badge_url"]:
            click.echo(f"  {award['badge_url']}")
        if award["reason"]:
            click.echo(f"  {award['reason']}")
        if award["id"] in held_up:
            click.echo(f"  {held_up[award['id']]}")
    for event in explanation.events:
        if not explanation.awards:
            click.echo(f"event {event['id']} is {event['state']}: {event['reason'] or 'not worked on yet'}")
        if event["state"] == "waiting":
            click.echo(f"  it is looked at again at {when(event['due_at'])}")
    click.echo(f"correlation id {explanation.correlation_id}")
    width = max(len(step.about) for step in explanation.steps)
    for step in explanation.steps:
        click.echo(f"{when(step.at)}  {step.about:<{width}}  {step.state:<8}  {step.cause}")


def _explanation_json(explanation: Explanation, held_up: dict[int, str]) -> dict[str, Any]:
    return {
        "correlation_id": explanation.correlation_id,
        "events": [{"id": event["id"], "state": event["state"]} for event in explanation.events],
        "awards": [
            {"id": award["id"], "state": award["state"], "waits_for": held_up.get(award["id"])}
            for award in explanation.awards
        ],
        "steps": [{**asdict(step), "at": when(step.at)} for step in explanation.steps],
    }
