"""Messages that report a lane with work to Celery's workers: their queue, and how they are sent.

Needs ``badgerelay[celery]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kombu import Queue

from ..lanes import Lane

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Connection, Producer

QUEUE = Queue("badgerelay", max_length=10_000, queue_arguments={"x-queue-type": "quorum"})
"""Where the messages go. RabbitMQ keeps it on a majority of its nodes, and drops the oldest messages where no worker
takes any; Redis does neither, and whoever sends looks before how many there are."""

TIMEOUT_SECONDS = 3.0
"""For a broker's answer to anything: to connecting, and to a message."""


class CelerySender:
    """Sends ``badgerelay.work`` messages, over a connection of its own that is opened when it is needed.

    :param app: ours, or that of a host that includes our tasks.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None
        self._producer: Producer | None = None
        self._bounded = True  # the broker itself bounds the queue

    def send(self, lane: Lane) -> None:
        if self._producer is not None:
            try:
                return self._publish(lane)
            except Exception:
                # The broker may have closed a connection that was idle, or have restarted: only a new one tells.
                self.close()
        try:
            self._publish(lane)
        except Exception:
            self.close()
            raise

    def _publish(self, lane: Lane) -> None:
        if self._producer is None:
            self._bounded = self._app.connection_for_write().transport_cls.startswith(("amqp", "pyamqp"))
            waits = ("read_timeout", "write_timeout") if self._bounded else ("socket_timeout",)
            options = {**self._app.conf.broker_transport_options, **dict.fromkeys(waits, TIMEOUT_SECONDS)}
            self._connection = self._app.connection_for_write(transport_options=options)
            self._connection.ensure_connection(max_retries=1, interval_start=0, timeout=TIMEOUT_SECONDS)
            self._producer = self._app.amqp.Producer(self._connection, auto_declare=False)
        if not self._bounded and self._is_full():
            return
        self._app.tasks["badgerelay.work"].apply_async(
            (lane.kind, lane.name), producer=self._producer, retry=False, confirm_timeout=TIMEOUT_SECONDS
        )

    def _is_full(self) -> bool:
        """Nobody takes any: workers that come find the work by themselves."""
        assert self._connection is not None
        # Without AMQP, to declare a queue makes none, and tells how long it is.
        waiting = self._connection.default_channel.queue_declare(QUEUE.name).message_count
        return bool(waiting >= QUEUE.max_length)

    def close(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.collect(socket_timeout=TIMEOUT_SECONDS)
