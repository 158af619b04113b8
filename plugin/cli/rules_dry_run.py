"""``badgerelay rules test``: try an event against the rules."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import BinaryIO

import click

from .common import FailedError, as_json, opened_store

MAX_BYTES = 1024 * 1024
"""Maximum bytes of the file; the receiver accepts no larger delivery."""


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--source", help="The LMS host to take the event as one of, instead of the host that it names.")
@click.option("--connection", help="The ALM connection to take the event as one of.")
@as_json
def test(file: BinaryIO, source: str | None, connection: str | None, json_: bool) -> None:
    """Try an event: say what it would earn, and why. Nothing is stored or issued.

    FILE holds JSON: a delivery of ALM, one event of it, or the event of an LMS host; - reads the standard input. ALM
    is asked for what badgerelay does not know, and the output says for what.
    """
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FailedError(f"{file.name} is larger than {MAX_BYTES:,} bytes, the limit for a delivery")
    from ..reports.dry_run import UnreadableError, lines_of, try_out

    with opened_store() as store:
        try:
            trials = try_out(store, body, source=source, connection=connection)
        except UnreadableError as error:
            raise FailedError(f"{file.name}: {error}") from None
    click.echo(json.dumps([asdict(each) for each in trials], indent=2) if json_ else "\n".join(lines_of(trials)))
