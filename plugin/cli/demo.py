"""``badgerelay demo``."""

from __future__ import annotations

import click

from .common import FailedError


@click.command()
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C, and print the addresses.")
def demo(keep: bool) -> None:
    """See the whole road on this machine: counterparts of a provider and of ALM, real webhooks, real badges.

    Nothing leaves the machine, and nothing stays on it.
    """
    from ..demo.run import DemoError, run

    try:
        run(click.echo, keep=keep)
    except DemoError as error:
        raise FailedError(f"demo: {error}") from None
