"""``badgerelay skills``: the skills of the sources, and the badges of their levels."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ..connections.schemas import ALM
from ..runtime.durations import number_of
from ..runtime.logs import one_line
from ..sources.alm.polls.skills import poll_skills
from .common import FailedError, as_json, named_connection, opened_store
from .groups import Group
from .progress import status
from .tables import Column, list_options, print_table

STATES = ("wired", "suggested", "unknown")


@click.group(cls=Group)
def skills() -> None:
    """List the skills of ALM accounts and LMS hosts, and find new ones."""


@skills.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only skills in this state.")
@list_options
def list_skills(state: str | None, wide: bool, json_: bool) -> None:
    """List skill levels with their badges.

    \b
    wired      the badge of the level is issued
    suggested  a badge template has a similar name; `badgerelay rules add` attaches it
    unknown    no badge template fits
    """
    with opened_store() as store:
        rows = [asdict(level) for level in store.skills.all(state=state)]
        badges = {} if json_ else store.views.template_names()
    columns = [
        Column("skill", lambda row: f"{row['skill_id']}:{row['level']}", whole=True),
        Column("name"),
        Column("level", "level_name"),
        Column("state", kind="state"),
        Column("badge", lambda row: badges.get((row["provider"], row["template_id"]), row["template_id"])),
        Column("source", optional=True),
        Column("note", kind="detail"),
    ]
    print_table(rows, columns, json_=json_, wide=wide, empty="no skills yet")


@skills.command("poll")
@click.argument("connection", required=False)
@as_json
def poll(connection: str | None, json_: bool) -> None:
    """Look for new skills in one ALM account, or in all, as the schedule does.

    The first time it only stores which skills there are. Each later one becomes an event.
    """
    with opened_store() as store:
        chosen = [named_connection(store, connection, "source")] if connection else store.connections.all()
        accounts = [each for each in chosen if each.type == ALM]
        if not accounts:
            raise FailedError("there is no connection to ALM: see `badgerelay connect alm --help`")
        with status("asking ALM for skills"):
            found = [(each.name, poll_skills(store, each)) for each in accounts]
    if json_:
        document = [
            {
                "connection": name,
                "skills": polled.skills,
                "learned": polled.learned,
                "new": [skill.payload() for skill in polled.new],
            }
            for name, polled in found
        ]
        click.echo(json.dumps(document, indent=2))
        return
    for name, polled in found:
        click.echo(f"{name}: {polled}")
        for skill in polled.new:
            badges = sum(level.badge_id is not None for level in skill.levels)
            click.echo(
                f"  {skill.id} {one_line(skill.name)}: {number_of(len(skill.levels), 'level')}, {badges} with a badge"
            )
