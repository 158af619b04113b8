"""``badgerelay sandbox``: local servers that behave like a badge provider or ALM."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ...adapters.registry import adapter_names, load_adapter
from ..connections.declarations import RefusedError, toml_block
from ..connections.schemas import ALM
from .common import FailedError, say_stopped, sigterm_interrupts

if TYPE_CHECKING:
    from flask import Flask

SANDBOX_PROVIDER, SANDBOX_ACCOUNT = "academy", "acme"
"""Names of the connections that the sandboxes propose."""


@click.command()
@click.argument("what")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="The port to listen on. 0 takes a free one.")
@click.option(
    "--faults", default="", metavar="SPEC", help="Faults to make, such as lost=0.05,500=0.05,429=0.05:2,latency=0.2."
)
@click.option(
    "--knob", "knobs", multiple=True, metavar="NAME=VALUE", help="A setting of this sandbox. Repeat it for several."
)
def sandbox(what: str, port: int, faults: str, knobs: tuple[str, ...]) -> None:
    """Run a local server that behaves like a badge provider or ALM, to try things on. It needs no account.

    WHAT is `alm` or the name of an installed adapter.

    It prints the connection to itself as TOML, for `badgerelay connect --from`. It behaves as the vendor documents;
    where the documentation is not certain, a knob decides. An unknown knob is answered with the list of knobs. PUT
    /_sandbox/faults changes the faults while the sandbox runs.
    """
    from ...adapters.sandbox import serve as run

    values = dict(_pair(knob) for knob in knobs)
    if faults:
        values["faults"] = faults
    make = _alm_sandbox if what.lower() == ALM else _provider_sandbox
    try:
        app, declare = make(what.lower(), values)
        with suppress(KeyboardInterrupt), sigterm_interrupts():
            run(app, port=port, ready=lambda url: click.echo(f"# sandbox {what} listens on {url}\n{declare(url)}"))
    except ValueError as error:
        raise RefusedError(f"sandbox {what}: {error}") from None
    except OSError as error:
        raise FailedError(f"sandbox {what}: port {port}: {error.strerror}") from None
    say_stopped(f"sandbox {what}")


def _alm_sandbox(_what: str, values: dict[str, str]) -> tuple[Flask, Callable[[str], str]]:
    from ..sources.alm.sandbox import make_sandbox, sandbox_settings

    app = make_sandbox({"provider": adapter_names()[0], **values})
    account = {"account_id": values["account"]} if "account" in values else {}
    return app, lambda url: toml_block(ALM, SANDBOX_ACCOUNT, sandbox_settings(url, SANDBOX_PROVIDER) | account)


def _provider_sandbox(what: str, values: dict[str, str]) -> tuple[Flask, Callable[[str], str]]:
    if what not in adapter_names():
        raise RefusedError(f"there is no sandbox {what!r} (there are: {', '.join([*adapter_names(), ALM])})")
    adapter = load_adapter(what)
    return adapter.sandbox(values), lambda url: toml_block(what, SANDBOX_PROVIDER, adapter.sandbox_settings(url))


def _pair(knob: str) -> tuple[str, str]:
    name, equals, value = knob.partition("=")
    if not equals:
        raise RefusedError(f"--knob {knob!r} is not NAME=VALUE")
    return name, value
