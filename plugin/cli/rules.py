"""``badgerelay rules``: the rules that say which completions earn which badge."""

from __future__ import annotations

import re
from dataclasses import asdict

import click

from ..store import Store
from ..store.catalogue.rules import ANY_SOURCE, NewRule, Rule, skill_object
from ..store.queries import MAX_NUMBER
from .common import FailedError, named_connection, opened_store
from .groups import Group
from .rules_dry_run import test
from .tables import Column, list_options, print_table

MAX_ID = 255
"""Maximum characters of an id."""

_SKILL = re.compile(r"([^:\s]{1,200}):(\d{1,9})\Z", re.ASCII)


def _short(
    _context: click.Context, parameter: click.Parameter, value: str | tuple[str, ...]
) -> str | tuple[str, ...]:
    """Check that the database can keep the value. :raises click.BadParameter: it cannot."""
    most = 64 if parameter.name == "source" else MAX_ID
    for each in value if isinstance(value, tuple) else (value,):
        if not 0 < len(each) <= most or not each.isprintable():
            raise click.BadParameter(f"must be 1 to {most} printable characters")
    return value


def _levels(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for value in values:
        match = _SKILL.match(value.removeprefix("skill:"))
        if match is None:
            raise click.BadParameter(f"{value!r} is not a skill's id and level, such as 240110:1")
        found.append(skill_object(match[1], int(match[2])))
    return tuple(found)


@click.group(cls=Group)
def rules() -> None:
    """List, add, remove and test rules: which completions earn which badge.

    They add to the badges that are attached to learning objects in ALM itself.
    """


@rules.command("list")
@list_options
def list_rules(wide: bool, json_: bool) -> None:
    """List rules with what each needs and which badge it earns."""
    with opened_store() as store:
        names = {(row.connection, row.template_id): row.name for row in store.catalogue.templates()}
        found = store.rules.all()
        trouble = store.catalogue.trouble_with({(rule.connection, rule.template_id) for rule in found})
    rows = [
        {
            **asdict(rule),
            "wants": rule.wants,
            "earns": f"{names.get((rule.connection, rule.template_id), rule.template_id)!r} of {rule.connection}",
            "trouble": trouble.get((rule.connection, rule.template_id)),
        }
        for rule in found
    ]
    columns = [
        Column("id", kind="number", whole=True),
        Column("completion", "wants"),
        Column("earns"),
        Column("source"),
        Column("origin"),
        Column("trouble", kind="detail"),
    ]
    print_table(rows, columns, json_=json_, wide=wide, empty="no rules yet")


@rules.command("add")
@click.option(
    "--learning-object",
    "learning_objects",
    multiple=True,
    callback=_short,
    help="A learning object: its id, or the id of one of its instances. Repeat it for several.",
)
@click.option(
    "--skill",
    "skills",
    multiple=True,
    callback=_levels,
    help="A skill's id and level, such as 240110:1. Repeat it for several.",
)
@click.option("--any", "any_", is_flag=True, help="One of them earns the badge.")
@click.option("--all", "all_", is_flag=True, help="All of them together earn the badge. This is the default.")
@click.option("--at-least", type=click.IntRange(1), metavar="N", help="This many of them earn the badge.")
@click.option("--any-completion", is_flag=True, help="Count completions without passing too.")
@click.option(
    "--least-score", type=click.FloatRange(0.0, 1.0), help="Count only scores of at least this, from 0 to 1."
)
@click.option(
    "--template",
    "templates",
    required=True,
    multiple=True,
    callback=_short,
    help="The badge template's id at the provider. Repeat it for several badges.",
)
@click.option(
    "--connection",
    "connections",
    required=True,
    multiple=True,
    help="The provider connection that issues the badge: one for each --template, in the same order.",
)
@click.option(
    "--source",
    default=ANY_SOURCE,
    show_default=True,
    callback=_short,
    help="The LMS host or ALM connection whose completions count; * is any.",
)
def add(
    learning_objects: tuple[str, ...],
    skills: tuple[str, ...],
    any_: bool,
    all_: bool,
    at_least: int | None,
    any_completion: bool,
    least_score: float | None,
    templates: tuple[str, ...],
    connections: tuple[str, ...],
    source: str,
) -> None:
    """Add a rule: learners who complete these learning objects, or reach these skill levels, earn these badges.

    Several badges make several rules, so that no badge waits for another.
    """
    if any_ + all_ + (at_least is not None) > 1:
        raise click.UsageError("give one of --all, --any and --at-least")
    if not learning_objects and not skills:
        raise click.UsageError("give --learning-object or --skill")
    if len(templates) != len(connections):
        raise click.UsageError("give one --connection for each --template, in the same order")
    try:
        news = [
            NewRule(
                source=source,
                connection=connection,
                template_id=template,
                objects=(*learning_objects, *skills),
                need=1 if any_ else at_least or 0,
                passed=not any_completion,
                least_score=least_score,
            )
            for connection, template in zip(connections, templates, strict=True)
        ]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with opened_store() as store:
        names = [_issuable(store, new.connection, new.template_id) for new in news]
        for new in news:
            _check_scores(store, new)
        added = store.rules.add(news, store.now())
    for new, name in zip(news, names, strict=True):
        outcome = "added" if new in added else "there already"
        click.echo(f"{outcome}: {new.wants} earns {name!r} of {new.connection}")


@rules.command("remove")
@click.argument("rule_id", type=click.IntRange(1, MAX_NUMBER))
def remove(rule_id: int) -> None:
    """Remove a rule by its number. Badges that it earned stay."""
    with opened_store() as store:
        if not store.rules.remove(rule_id):
            raise FailedError(f"there is no rule {rule_id}: see `badgerelay rules list`")
    click.echo(f"removed rule {rule_id}")


rules.add_command(test)


def _issuable(store: Store, connection: str, template: str) -> str:
    """Return the template's name. :raises FailedError: the template cannot be issued."""
    named_connection(store, connection, "provider")
    known = {row.template_id: row for row in store.catalogue.templates(connection)}
    if template not in known:
        raise FailedError(
            f"{connection} has no badge template {template!r}: see `badgerelay templates list`, or run "
            f"`badgerelay templates sync {connection}` if it is new"
        )
    if known[template].state != "active":
        raise FailedError(
            f"the badge template {template!r} is {known[template].state}: only active templates can be issued"
        )
    return str(known[template].name)


def _check_scores(store: Store, new: NewRule | Rule) -> None:
    """Check that the source's events have scores. :raises FailedError: the rule asks for one that never comes."""
    source = store.connections.get(new.source)
    if new.least_score is not None and source is not None and source.role == "source":
        raise FailedError(f"--least-score: the events of {new.source} have no score, so nobody would earn the badge")
