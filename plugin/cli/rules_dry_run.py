"""``badgerelay rules test``: what would become of an event."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import BinaryIO

import click

from .common import FailedError, as_json, opened_store

MAX_BYTES = 1024 * 1024
"""As much as a delivery may have."""


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--source", help="The LMS host that it is to be of, in place of the one that it names.")
@click.option("--connection", help="The ALM connection that it is to come through.")
@as_json
def test(file: BinaryIO, source: str | None, connection: str | None, json_: bool) -> None:
    """Say what would become of an event, and why; nothing is stored or issued.

    FILE (- for the standard input) holds JSON: a delivery of ALM, one event of it, or an LMS host's event. ALM is
    asked for what is not known, and the answer says for what.
    """
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FailedError(f"{file.name}: it is larger than {MAX_BYTES} bytes, as no delivery is")
    from ..reports.dry_run import UnreadableError, lines_of, try_out

    with opened_store() as store:
        try:
            trials = try_out(store, body, source=source, connection=connection)
        except UnreadableError as error:
            raise FailedError(f"{file.name}: {error}") from None
    click.echo(json.dumps([asdict(each) for each in trials], indent=2) if json_ else "\n".join(lines_of(trials)))
