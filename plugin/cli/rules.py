"""``badgerelay rules``: which completions earn which badge."""

from __future__ import annotations

import re
from dataclasses import asdict

import click

from ..store import Store
from ..store.catalogue.rules import ANY_SOURCE, NewRule, Rule, skill_object
from ..store.queries import MAX_NUMBER
from .common import FailedError, as_json, opened_store, print_rows, wanted_connection
from .rules_dry_run import test

MAX_ID = 255
_SKILL = re.compile(r"([^:\s]{1,200}):(\d{1,9})\Z", re.ASCII)


def _short(
    _context: click.Context, parameter: click.Parameter, value: str | tuple[str, ...]
) -> str | tuple[str, ...]:
    """Refuses what the database could not keep."""
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
            raise click.BadParameter(f"{value!r} is no skill's id and level, such as 240110:1")
        found.append(skill_object(match[1], int(match[2])))
    return tuple(found)


@click.group()
def rules() -> None:
    """Which completions earn which badge, beside what ALM itself says."""


@rules.command("list")
@as_json
def list_rules(json_: bool) -> None:
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
    print_rows(rows, ["id", "source", "wants", "earns", "origin", "trouble"], json_=json_, empty="no rules yet")


@rules.command("add")
@click.option(
    "--learning-object",
    "learning_objects",
    multiple=True,
    callback=_short,
    help="Its id, or one of its instances' ids; may be given several times.",
)
@click.option(
    "--skill", "skills", multiple=True, callback=_levels, help="A skill's id and level, such as 240110:1; likewise."
)
@click.option("--any", "any_", is_flag=True, help="One of them is enough.")
@click.option("--all", "all_", is_flag=True, help="All of them are needed (the default).")
@click.option("--at-least", type=click.IntRange(1), metavar="N", help="So many of them are enough.")
@click.option("--any-completion", is_flag=True, help="Completions without passing count too.")
@click.option("--least-score", type=click.FloatRange(0.0, 1.0), help="The score must be at least this, of 0 to 1.")
@click.option(
    "--template",
    "templates",
    required=True,
    multiple=True,
    callback=_short,
    help="The badge template's id at the provider; several times for several badges.",
)
@click.option(
    "--connection",
    "connections",
    required=True,
    multiple=True,
    help="The provider connection that issues it; once for each --template, in their order.",
)
@click.option(
    "--source",
    default=ANY_SOURCE,
    show_default=True,
    callback=_short,
    help="Only for this LMS host or ALM connection.",
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
    """Whoever completes these learning objects, or achieves these skill levels, earns these badges.

    Badges of several providers are a rule each: none waits for another.
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
            _scores_are_told(store, new)
        added = store.rules.add(news, store.now())
    for new, name in zip(news, names, strict=True):
        outcome = "added" if new in added else "there already"
        click.echo(f"{outcome}: {new.wants} earns {name!r} of {new.connection}")


@rules.command("remove")
@click.argument("rule_id", type=click.IntRange(1, MAX_NUMBER))
def remove(rule_id: int) -> None:
    """Remove a rule by its number. Badges that it has given stay."""
    with opened_store() as store:
        if not store.rules.remove(rule_id):
            raise FailedError(f"there is no rule {rule_id}: see `badgerelay rules list`")
    click.echo(f"removed rule {rule_id}")


rules.add_command(test)


def _issuable(store: Store, connection: str, template: str) -> str:
    """The template's name. :raises FailedError: nothing can be issued from it."""
    wanted_connection(store, connection, "provider")
    known = {row.template_id: row for row in store.catalogue.templates(connection)}
    if template not in known:
        raise FailedError(
            f"{connection} has no badge template {template!r}: see `badgerelay templates list`, or run "
            f"`badgerelay templates sync {connection}` if it is new"
        )
    if known[template].state != "active":
        raise FailedError(
            f"the badge template {template!r} is {known[template].state}: nothing can be issued from it"
        )
    return str(known[template].name)


def _scores_are_told(store: Store, new: NewRule | Rule) -> None:
    """:raises FailedError: the rule could never be met."""
    source = store.connections.get(new.source)
    if new.least_score is not None and source is not None and source.role == "source":
        raise FailedError(f"--least-score: the events of {new.source} carry no score, so that nobody would earn it")
