"""``badgerelay adapter``: list, new, check."""

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
from .common import FailedError, as_json, confirmed, opened_store, print_rows, wanted_connection


@click.group()
def adapter() -> None:
    """Badge providers: which are installed; write a new one; check one against the contract."""


@adapter.command("list")
@as_json
def list_(json_: bool) -> None:
    """The installed adapters, what they can do, and what is wrong with those that do not work."""
    columns = ["name", "distribution", "state", "contract", "max_batch", "can"]
    found = installed()
    print_rows([_row(each) for each in found], columns, json_=json_, empty="none is installed")
    for each in found:
        if each.trouble and not json_:
            click.echo(f"the adapter {each.name!r} of {each.distribution} {each.trouble}", err=True)


@adapter.command()
@click.argument("name")
@click.option("--to", type=click.Path(path_type=Path), help="The folder; badgerelay-NAME here, without it.")
def new(name: str, to: Path | None) -> None:
    """Write a distribution with an adapter called NAME: it works, passes its tests, and waits to be changed."""
    folder = to or Path(f"badgerelay-{name}")
    try:
        written = write_distribution(name, folder)
    except NotWrittenError as error:
        raise RefusedError(str(error)) from None
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"\nnow: cd {folder} && pip install -e '.[test]' && pytest\nthen: README.md says which file does what")


@adapter.command()
@click.argument("name")
@click.option("--connection", "where", help="Ask its provider, in place of the adapter's own sandbox.")
@click.option("--template", help="With --connection: issue one badge of this template,")
@click.option("--email", help="to this address, and revoke it where the provider can.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def check(name: str, where: str | None, template: str | None, email: str | None, yes: bool) -> None:
    """Run the contract against the installed adapter NAME.

    Over its own sandbox, all of it. With --connection, at the real provider, only what issues nothing; with
    --template and --email also the life of one badge, after a confirmation.
    """
    if bool(template) != bool(email) or (template and not where):
        raise click.UsageError("--template and --email go together, and with --connection")
    found = load_adapter(name)
    if where is None:
        _run(found, at_sandbox(found))
        return
    with opened_store() as store:
        connection = wanted_connection(store, where, "provider")
        if connection.type.lower() != found.name:
            raise RefusedError(f"--connection: {where} is a connection of {connection.type}, not of {found.name}")
        if template and email:
            confirmed(_question(connection, found, template, email), yes=yes)
        _run(found, at_connection(store, connection, found, template or "", email or ""))


def _run(found: type[Adapter], providing: Providing) -> None:
    if not run_contract(providing):
        raise FailedError(f"the adapter {found.name} does not keep the contract: see above")
    click.echo(f"the adapter {found.name} keeps the contract, as far as it was tried")


def _question(connection: Connection, found: type[Adapter], template: str, email: str) -> str:
    end = "and revoke it" if found.capabilities.can_revoke else "which cannot be revoked from here"
    return f"Issue one badge of template {template} to {email} at {connection.account}, {end}?"


def _row(each: Installed) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": each.name,
        "distribution": each.distribution,
        "state": "does not work" if each.trouble else "works",
        "trouble": each.trouble or None,
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
