"""Options that the lists of events and awards share."""

from __future__ import annotations

import click

from .times import SINCE_HELP

template = click.option("--template", help="Only of this badge template, by its id or its name.")
email = click.option("--email", help="Only of the person with this e-mail address.")
since = click.option("--since", metavar="TIME", help=f"Only from this time on: {SINCE_HELP}.")
limit = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Print at most this many."
)
