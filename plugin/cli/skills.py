"""``badgerelay skills``."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ..connections.schemas import ALM
from ..runtime.durations import number_of
from ..runtime.logs import one_line
from ..sources.alm.polls.skills import poll_skills
from .common import FailedError, as_json, opened_store, print_rows, wanted_connection

STATES = ("wired", "suggested", "unknown")


@click.group()
def skills() -> None:
    """The skills that sources have told of, and the badges of their levels."""


@skills.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only of this state.")
@as_json
def list_skills(state: str | None, json_: bool) -> None:
    """``wired``: its badge is issued; ``suggested``: a template looks like it, see `rules add`; ``unknown``."""
    with opened_store() as store:
        rows = [asdict(level) for level in store.skills.all(state=state)]
    columns = ["source", "skill_id", "level", "name", "level_name", "state", "template_id", "note"]
    print_rows(rows, columns, json_=json_, empty="no skills yet")


@skills.command("poll")
@click.argument("connection", required=False)
@as_json
def poll(connection: str | None, json_: bool) -> None:
    """Look for new skills in one ALM account, or in all, as the schedule does.

    The first look only learns which there are. Each new one becomes an event.
    """
    with opened_store() as store:
        chosen = [wanted_connection(store, connection, "source")] if connection else store.connections.all()
        accounts = [each for each in chosen if each.type == ALM]
        if not accounts:
            raise FailedError("there is no connection to ALM")
        found = [(each.name, poll_skills(store, each)) for each in accounts]
    if json_:
        told = [
            {
                "connection": name,
                "skills": polled.skills,
                "learned": polled.learned,
                "new": [skill.told() for skill in polled.new],
            }
            for name, polled in found
        ]
        click.echo(json.dumps(told, indent=2))
        return
    for name, polled in found:
        click.echo(f"{name}: {polled}")
        for skill in polled.new:
            badges = sum(level.badge_id is not None for level in skill.levels)
            click.echo(
                f"  {skill.id} {one_line(skill.name)}: {number_of(len(skill.levels), 'level')}, {badges} with a badge"
            )
