"""``badgerelay events``: list, show and replay what arrived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ..store import EVENT_STATES
from .bulk_repair import replay
from .common import FailedError, as_json, opened_store
from .filters import email, limit, since, template
from .groups import Group
from .tables import Column, list_options, print_record, print_table
from .times import instant


@click.group(cls=Group)
def events() -> None:
    """List, show and replay what arrived from ALM and from LMS hosts."""


@events.command("list")
@click.option("--state", type=click.Choice(EVENT_STATES), help="Only events in this state.")
@click.option("--source", help="Only events of this LMS host, ALM connection or alm:<account>.")
@template
@email
@since
@limit
@list_options
def list_events(
    state: str | None,
    source: str | None,
    template: str | None,
    email: str | None,
    since: str | None,
    limit: int,
    wide: bool,
    json_: bool,
) -> None:
    """List events, the newest first.

    --template and --email find the events that made or met an award of that badge or for that person.
    """
    with opened_store() as store:
        now = store.now()
        rows = store.views.events(
            state=state,
            source=source,
            template=template,
            email=email,
            since=None if since is None else instant("since", since, now),
            limit=limit,
        )
        learners = [(row["source"], row["learner_id"]) for row in rows if row["learner_id"]]
        names = {} if json_ else store.views.learner_names(learners)

    def learner(row: Mapping[str, Any]) -> Any:
        return names.get((row["source"], row["learner_id"]), row["learner_id"])

    columns = [
        Column("id", kind="number", whole=True),
        Column("state", kind="state", whole=True),
        Column("what", lambda row: _what(row["kind"])),
        Column("learner", learner),
        Column("learning object", "learning_object_id", "id"),
        Column("source", lambda row: row["connection"] or row["source"], optional=True),
        Column("arrived", "received_at", "time", whole=True),
        Column("reason", kind="detail"),
    ]
    print_table(rows, columns, json_=json_, wide=wide, now=now, empty="no events")


@events.command("show")
@click.argument("event_id", type=int)
@as_json
def show_event(event_id: int, json_: bool) -> None:
    """Show everything that is kept of one event, by its number."""
    with opened_store() as store:
        event = store.views.event(event_id)
    if event is None:
        raise FailedError(f"there is no event {event_id}: see `badgerelay events list`")
    print_record(event, json_=json_)


events.add_command(replay)


def _what(kind: str) -> str:
    """Return ``course`` for COURSE_COMPLETED_BATCH, and ``skill created`` for skill_created."""
    return kind.lower().replace("_", " ").removesuffix(" batch").removesuffix(" completed")
