"""A Celery worker in this process, with the options that badgerelay needs."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from celery import Celery
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer

from ...runtime.settings import Settings
from .app import make_app
from .runner import SWEEP_SECONDS, Runner
from .tasks import WorkTask

THREADS = 32
"""Messages worked on at once: work is waiting for others, so threads do it; many connections, a few calls each."""

DRAIN_SECONDS = 8.0
"""For what is under way when a signal ends the worker; the rest is taken up when its leases end."""

RETRY_SECONDS = 1.0
"""Between two attempts to reach a broker that is away."""

TICK_SECONDS = 0.2
"""How long Celery's event loop may sleep."""

log = logging.getLogger("badgerelay.delivery")


class _Consumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's, without its queues for delayed messages, as ours have no delay, and with steady reconnecting."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]  # as above
        default_steps = tuple(each for each in Consumer.Blueprint.default_steps if "DelayedDelivery" not in each)

    _away = False

    def ensure_connected(self, conn):  # type: ignore[no-untyped-def]  # as above
        """The connection, once the broker takes it, whatever it has against it before: it may be in the making."""
        while True:
            try:
                conn.connect()
            except Exception as error:
                if not self._away:
                    self._away = True
                    log.error(
                        "the broker of BADGERELAY_BROKER_URL cannot be used (%s); trying every second",
                        type(error).__name__,
                    )
            else:
                if self._away:
                    self._away = False
                    log.info("the broker of BADGERELAY_BROKER_URL answers again")
                return conn
            again = time.monotonic() + RETRY_SECONDS
            while time.monotonic() < again:
                state.maybe_shutdown()
                time.sleep(TICK_SECONDS)


def run_worker(settings: Settings, *, calls_in_flight: int, ready: Callable[[], None]) -> int:
    """Work until SIGINT or SIGTERM; then at most about ten seconds more. Call it in the main thread.

    :param calls_in_flight: batches that one connection has on the way at once, in this process.
    :param ready: called once messages are taken.
    :return: 0, or 1 when Celery gave up: the log says why.
    :raises SettingsError: see :func:`make_app`.
    """
    app = make_app(settings)
    app.set_default()  # pool threads ask for the current application
    _log_like_us(app)
    task: WorkTask = app.tasks["badgerelay.work"]
    runner = task.open(settings, calls_in_flight)
    stopping = threading.Event()
    sweeper = threading.Thread(target=_sweep, args=(runner, stopping), name="badgerelay-sweep", daemon=True)

    def stop(*_: object) -> None:
        if not stopping.is_set():
            stopping.set()
            state.should_stop = 0
            threading.Thread(target=_leave_late, name="badgerelay-stop", daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    controller = WorkController(
        app=app,
        consumer_cls=_Consumer,
        pool_cls="threads",
        concurrency=THREADS,
        optimization="fair",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        ready_callback=lambda _consumer: ready(),
    )
    controller.timer.call_repeatedly(TICK_SECONDS, _nothing)
    sweeper.start()
    controller.start()
    stopping.set()
    runner.close(DRAIN_SECONDS)
    return int(controller.exitcode or 0)


def _sweep(runner: Runner, stopping: threading.Event) -> None:
    while not stopping.wait(SWEEP_SECONDS):
        try:
            runner.sweep()
        except Exception:
            log.exception("the sweep failed; it goes on")


def _nothing() -> None:
    """The event loop goes round once more: it sees a signal, and acknowledges what threads have done."""


def _leave_late() -> None:
    threading.Event().wait(DRAIN_SECONDS + 1.0)
    log.warning("the worker ends with work under way; it is taken up when its leases end")
    os._exit(0)


class _Plain(logging.Handler):
    """Hands records on to our own log. That a broker went away is a line, not a traceback."""

    def __init__(self, expected: tuple[type[BaseException], ...]) -> None:
        super().__init__()
        self._expected = expected

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], self._expected):
            record.exc_info = record.exc_text = None
        logging.getLogger("badgerelay").handle(record)


def _log_like_us(app: Celery) -> None:
    connection = app.connection_for_read()
    handler = _Plain((OSError, *connection.connection_errors, *connection.channel_errors))
    for name in ("celery", "kombu", "amqp"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING)
        logger.propagate = False
