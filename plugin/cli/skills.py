"""``badgerelay skills``."""

from __future__ import annotations

import click

from .common import as_json, opened_store, print_rows

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
        rows = store.skills.all(state=state)
    columns = ["source", "skill_id", "level", "name", "level_name", "state", "template_id", "note"]
    print_rows(rows, columns, json_=json_, empty="no skills yet")
