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
"""Maximum messages worked on at once. The work mostly waits for other services, so threads are enough."""

DRAIN_SECONDS = 8.0
"""Maximum seconds for batches under way after a stop signal. Other workers take up the rest when its leases end."""

RETRY_SECONDS = 1.0
"""Seconds between two attempts to connect to a broker."""

TICK_SECONDS = 0.2
"""Maximum seconds that Celery's event loop sleeps."""

log = logging.getLogger("badgerelay.delivery")


class _Consumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's consumer, which reconnects at a steady interval and declares no queues for delayed messages."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]  # as above
        default_steps = tuple(each for each in Consumer.Blueprint.default_steps if "DelayedDelivery" not in each)

    _away = False

    def ensure_connected(self, conn):  # type: ignore[no-untyped-def]  # as above
        """Return the connection once the broker accepts it. After any error it tries again."""
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
    """Run a worker until SIGINT or SIGTERM, then for at most ten seconds more. Call it in the main thread.

    :param calls_in_flight: maximum batches of one connection at the same time, in this process.
    :param ready: called once the worker accepts messages.
    :return: the exit code: 0, or 1 when Celery gave up and logged the reason.
    :raises SettingsError: as :func:`make_app`.
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
    """Wake the event loop, so that it notices a signal and acknowledges the messages that threads have finished."""


def _leave_late() -> None:
    threading.Event().wait(DRAIN_SECONDS + 1.0)
    log.warning("the worker ends with work under way; it is taken up when its leases end")
    os._exit(0)


class _Plain(logging.Handler):
    """Handler that passes records to our own log, with one line instead of a traceback for a lost broker."""

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
