"""``badgerelay templates`` and ``badgerelay rules``."""

from __future__ import annotations

from collections.abc import Callable

import click

from ..store.catalogue import ANY_SOURCE
from ..store.views import MAX_NUMBER
from ..synchronizing import sync_templates
from .common import FailedError, as_json, counted, opened_store, print_rows, wanted_connection


def _short(most: int) -> Callable[[click.Context, click.Parameter, str], str]:
    """Refuses what the database could not keep."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        if not 0 < len(value) <= most or not value.isprintable():
            raise click.BadParameter(f"must be 1 to {most} printable characters")
        return value

    return check


@click.group()
def templates() -> None:
    """The badge templates of the connected providers."""


@templates.command("sync")
@click.argument("connection", required=False)
@click.option("--accept-missing", is_flag=True, help="Believe a list that lacks most of what was there.")
def sync(connection: str | None, accept_missing: bool) -> None:
    """Copy the templates of one provider connection, or of all, into the catalogue, and say what changed.

    One that the provider lists no more stays, as deleted. Awards of templates that are not active are held, and go on
    once a synchronization finds them active again.
    """
    with opened_store() as store:
        if connection:
            chosen = [wanted_connection(store, connection, "provider")]
        else:
            chosen = [each for each in store.connections.all() if each.role == "provider"]
        for each in chosen:
            found = sync_templates(store, each, counted, accept_missing=accept_missing)
            click.echo(f"{each.name}: {found.templates} badge templates")
            for change in found.changes:
                click.echo(f"  {change}")


@templates.command("list")
@click.option("--connection", help="Only this connection's.")
@as_json
def list_templates(connection: str | None, json_: bool) -> None:
    """The catalogue as it was last synchronized."""
    with opened_store() as store:
        rows = [dict(row._mapping) for row in store.catalogue.templates(connection)]
    columns = ["connection", "template_id", "name", "state", "synced_at", "change", "changed_at"]
    print_rows(rows, columns, json_=json_, empty="none: see `badgerelay templates sync`")


@templates.command("changes")
@click.option("--connection", help="Only this connection's.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@as_json
def list_changes(connection: str | None, limit: int, json_: bool) -> None:
    """What synchronizations have found changed at the providers, the newest first."""
    with opened_store() as store:
        rows = [dict(row._mapping) for row in store.catalogue.changes(connection, limit=limit)]
    print_rows(
        [{**row, "changed_at": row.pop("at")} for row in rows],
        ["changed_at", "connection", "template_id", "name", "change", "before", "after"],
        json_=json_,
        empty="none",
    )


@click.group()
def rules() -> None:
    """Which learning object earns which badge."""


@rules.command("list")
@as_json
def list_rules(json_: bool) -> None:
    with opened_store() as store:
        rows = [dict(row._mapping) for row in store.catalogue.rules()]
        trouble = store.catalogue.trouble_with({(row["connection"], row["template_id"]) for row in rows})
    for row in rows:
        row["trouble"] = trouble.get((row["connection"], row["template_id"]))
    columns = ["id", "source", "learning_object_id", "connection", "template_id", "trouble"]
    print_rows(rows, columns, json_=json_, empty="no rules yet")


@rules.command("add")
@click.option("--learning-object", required=True, callback=_short(255), help="Its id, or one of its instances' ids.")
@click.option("--template", required=True, help="The badge template's id at the provider.")
@click.option("--connection", required=True, help="The provider connection that issues it.")
@click.option(
    "--source",
    default=ANY_SOURCE,
    show_default=True,
    callback=_short(64),
    help="Only for this LMS host or ALM connection.",
)
def add(learning_object: str, template: str, connection: str, source: str) -> None:
    """A completion of this learning object earns this badge."""
    with opened_store() as store:
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
        new = store.catalogue.add_rule(source, learning_object, connection, template, store.now())
    click.echo(
        f"{'added' if new else 'there already'}: {learning_object} earns {known[template].name!r} of {connection}"
    )


@rules.command("remove")
@click.argument("rule_id", type=click.IntRange(1, MAX_NUMBER))
def remove(rule_id: int) -> None:
    """Remove a rule by its number. Badges that it has given stay."""
    with opened_store() as store:
        if not store.catalogue.remove_rule(rule_id):
            raise FailedError(f"there is no rule {rule_id}: see `badgerelay rules list`")
    click.echo(f"removed rule {rule_id}")
