"""``badgerelay serve``, ``worker`` and ``sandbox``: what runs until it is stopped."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from ...adapters.registry import adapter_names, load_adapter
from ..connections.declarations import RefusedError, toml_block
from ..connections.schemas import ALM
from ..engine.celery.app import check_broker
from ..engine.runs import CALLS_IN_FLIGHT
from ..runtime.logs import set_up_logging
from ..runtime.settings import Settings, read_settings
from ..store import open_store
from .common import FailedError

if TYPE_CHECKING:
    from flask import Flask

SANDBOX_PROVIDER, SANDBOX_ACCOUNT = "academy", "acme"
"""Names of the connections that the sandboxes propose."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--no-worker", is_flag=True, help="Only receive; `badgerelay worker` issues.")
def serve(host: str, port: int, no_worker: bool) -> None:
    """Receive webhooks and issue badges, on a production WSGI server.

    With BADGERELAY_BROKER_URL it only receives, and tells `badgerelay worker`s of what arrived.

    Put a TLS-terminating proxy in front: ALM sends to public https addresses.
    """
    from ..web.server import serve as run

    settings = read_settings()
    check_broker(settings)
    _check_store(settings)
    port = _free(host, port)
    shown = f"[{host}]" if ":" in host else host
    text = f"badgerelay listens on http://{shown}:{port}{_who_works(settings, no_worker)}"
    try:
        run(settings, host, port, lambda: click.echo(text), engine=not no_worker)
    except SystemExit as end:
        if end.code:
            raise FailedError("the process that answers requests has died: start serve again") from None


def _check_store(settings: Settings) -> None:
    """:raises SettingsError: it cannot be opened, or the secrets in it cannot."""
    store = open_store(settings)
    try:
        store.connections.all()
    finally:
        store.close()


def _who_works(settings: Settings, no_worker: bool) -> str:
    if settings.broker_url is not None:
        return " (workers issue, through the broker)"
    return " (without engine)" if no_worker else ""


@click.command()
@click.option(
    "--concurrency",
    default=CALLS_IN_FLIGHT,
    show_default=True,
    metavar="N",
    type=click.IntRange(1, 64),
    help="Calls of one connection under way at once, in this process.",
)
def worker(concurrency: int) -> None:
    """Issue badges, without receiving anything: beside `serve --no-worker`, or on other machines.

    With BADGERELAY_BROKER_URL it is a Celery worker, which also sweeps up what the broker lost.
    """
    settings = read_settings()
    set_up_logging(settings)
    ready = partial(click.echo, "badgerelay works; stop it with Ctrl-C")
    check_broker(settings)
    _check_store(settings)
    if settings.broker_url is not None:
        from ..engine.celery.worker import run_worker

        if run_worker(settings, calls_in_flight=concurrency, ready=ready) != 0:
            raise FailedError("the worker gave up; its log says why")
    else:
        _work_here(settings, concurrency, ready)


def _work_here(settings: Settings, concurrency: int, ready: Callable[[], None]) -> None:
    from ..engine.assembly import make_engine

    store = open_store(settings)
    engine = make_engine(store, calls_in_flight=concurrency)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    engine.start()
    ready()
    stop.wait()
    engine.stop()
    store.close()


@click.command()
@click.argument("what")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="0, the default, takes a free one.")
@click.option("--faults", default="", metavar="SPEC", help="For example lost=0.05,500=0.05,429=0.05:2,latency=0.2.")
@click.option("--knob", "knobs", multiple=True, metavar="NAME=VALUE", help="A switch of this sandbox; repeatable.")
def sandbox(what: str, port: int, faults: str, knobs: tuple[str, ...]) -> None:
    """Run the local counterpart of a badge provider or of ALM, on loopback.

    It prints, as TOML for `connect --from`, how to connect to it, and behaves as the real one is documented to,
    with every uncertain point a knob (an unknown one is answered with the known ones), and with faults on
    request, which PUT /_sandbox/faults changes while it runs.
    """
    from ...adapters.sandbox import serve as run

    values = dict(_pair(knob) for knob in knobs)
    if faults:
        values["faults"] = faults
    make = _alm_sandbox if what.lower() == ALM else _provider_sandbox
    try:
        app, declare = make(what.lower(), values)
        run(app, port=port, ready=lambda url: click.echo(f"# sandbox {what} listens on {url}\n{declare(url)}"))
    except ValueError as error:
        raise RefusedError(f"sandbox {what}: {error}") from None
    except OSError as error:
        raise FailedError(f"sandbox {what}: port {port}: {error.strerror}") from None
    except KeyboardInterrupt:
        pass


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


def _free(host: str, port: int) -> int:
    """The port, or a free one for 0. :raises FailedError: it is taken, or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise FailedError(f"cannot listen on {host} port {port} (--host, --port): {error.strerror}") from None
