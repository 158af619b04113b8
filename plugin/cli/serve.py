"""``badgerelay serve``, ``worker`` and ``demo``: the commands that run badgerelay itself."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from functools import partial

import click

from ..engine.celery.app import check_broker
from ..engine.runs import CALLS_IN_FLIGHT
from ..runtime.logs import set_up_logging
from ..runtime.settings import Settings, read_settings
from ..store import open_store
from .common import FailedError, say_stopped, sigterm_interrupts


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. 127.0.0.1 can be reached from this machine alone.",
)
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen on. 0 takes a free one.",
)
@click.option("--no-worker", is_flag=True, help="Only receive. `badgerelay worker` issues the badges.")
def serve(host: str, port: int, no_worker: bool) -> None:
    """Receive webhooks and issue badges, on a production WSGI server.

    If BADGERELAY_BROKER_URL is set, it only receives, and `badgerelay worker` issues the badges.

    ALM sends to public https addresses alone, so put a proxy in front that terminates TLS.
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
            raise FailedError("the process that answers requests has died: start `badgerelay serve` again") from None
    say_stopped("badgerelay serve")


def _check_store(settings: Settings) -> None:
    """Open the store once. :raises SettingsError: the store or the secrets in it cannot be opened."""
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
    help="The maximum number of calls to one provider at the same time.",
)
def worker(concurrency: int) -> None:
    """Issue badges without receiving webhooks: beside `serve --no-worker`, or on other machines.

    If BADGERELAY_BROKER_URL is set, it is a Celery worker. It also finds work whose message the broker lost.
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
    say_stopped("badgerelay worker")


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
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C, and print the addresses.")
def demo(keep: bool) -> None:
    """Watch completions become badges on this machine, with local servers in place of a provider and ALM.

    It needs no account. Nothing leaves the machine, and nothing stays on it.
    """
    from ..demo.run import DemoError, run

    try:
        with sigterm_interrupts():
            run(click.echo, keep=keep)
    except DemoError as error:
        raise FailedError(f"demo: {error}") from None


def _free(host: str, port: int) -> int:
    """Return the port, or a free one for 0.

    :raises FailedError: the port is in use, or the machine does not have the address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise FailedError(f"cannot listen on {host} port {port} (--host, --port): {error.strerror}") from None
