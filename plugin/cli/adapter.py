"""``badgerelay adapter``: list, write and check adapters to badge providers."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from ...adapters.base import Adapter, Capabilities
from ...adapters.registry import Installed, installed, load_adapter
from ..connections.declarations import RefusedError
from ..kit.checking import Providing, at_connection, at_sandbox, run_contract
from ..kit.writing import NotWrittenError, write_distribution
from ..store import Connection
from .common import FailedError, confirmed, named_connection, opened_store
from .groups import Group
from .tables import Column, list_options, print_table


@click.group(cls=Group)
def adapter() -> None:
    """List the installed adapters to badge providers, write a new one, or check one."""


@adapter.command("list")
@list_options
def list_(wide: bool, json_: bool) -> None:
    """List installed adapters with their abilities and their problems."""
    columns = [
        Column("name", whole=True),
        Column("distribution"),
        Column("state", kind="state"),
        Column("contract", optional=True),
        Column("batch", "max_batch", "number"),
        Column("can", kind="detail"),
    ]
    found = installed()
    print_table([_row(each) for each in found], columns, json_=json_, wide=wide, empty="no adapter is installed")
    for each in found:
        if each.problem and not json_:
            click.echo(f"the adapter {each.name!r} of {each.distribution} {each.problem}", err=True)


@adapter.command()
@click.argument("name")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="The folder to write to. badgerelay-NAME in the current folder by default.",
)
def new(name: str, to: Path | None) -> None:
    """Write a new adapter NAME as a distribution of its own, working and tested, as a start for yours."""
    folder = to or Path(f"badgerelay-{name}")
    try:
        written = write_distribution(name, folder)
    except NotWrittenError as error:
        raise RefusedError(str(error)) from None
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(
        f"\nnow: cd {folder} && pip install -e '.[test]' && pytest\nthen: README.md says what each file is for"
    )


@adapter.command()
@click.argument("name")
@click.option(
    "--connection", "where", help="Check at this connection's provider, instead of the adapter's own sandbox."
)
@click.option("--template", help="With --connection and --email: issue one badge of the template with this id.")
@click.option("--email", help="The address that gets this badge. It is revoked afterwards if the provider can.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def check(name: str, where: str | None, template: str | None, email: str | None, yes: bool) -> None:
    """Check the installed adapter NAME against the contract for adapters.

    It runs all checks at the adapter's own sandbox. With --connection it runs those that issue nothing, at the real
    provider; with --template and --email it also issues one badge there, after you confirm.
    """
    if bool(template) != bool(email) or (template and not where):
        raise click.UsageError("--template and --email go together, and with --connection")
    found = load_adapter(name)
    if where is None:
        _run(found, at_sandbox(found))
        return
    with opened_store() as store:
        connection = named_connection(store, where, "provider")
        if connection.type.lower() != found.name:
            raise RefusedError(f"--connection: {where} is a connection of {connection.type}, not of {found.name}")
        if template and email:
            confirmed(_question(connection, found, template, email), yes=yes)
        _run(found, at_connection(store, connection, found, template or "", email or ""))


def _run(found: type[Adapter], providing: Providing) -> None:
    if not run_contract(providing):
        raise FailedError(f"the adapter {found.name} does not keep the contract: see above")
    click.echo(f"the adapter {found.name} keeps the contract in every check that ran")


def _question(connection: Connection, found: type[Adapter], template: str, email: str) -> str:
    end = "and revoke it" if found.capabilities.can_revoke else "which cannot be revoked from here"
    return f"Issue one badge of template {template} to {email} at {connection.account}, {end}?"


def _row(each: Installed) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": each.name,
        "distribution": each.distribution,
        "state": "does not work" if each.problem else "works",
        "trouble": each.problem or None,
        "contract": None,
        "max_batch": None,
        "can": None,
    }
    if each.adapter is not None:
        able = each.adapter.capabilities
        row |= {"contract": ".".join(map(str, each.adapter.contract)), "max_batch": able.max_batch, "can": _can(able)}
    return row


def _can(able: Capabilities) -> str:
    names = [field.name for field in fields(able) if field.name.startswith("can_") and getattr(able, field.name)]
    return ", ".join(name.removeprefix("can_").replace("_", " ") for name in names)
