"""The queue of messages that report lanes with work to Celery's workers, and their sender.

The module needs ``badgerelay[celery]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kombu import Queue

from ..lanes import Lane

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Connection, Producer

QUEUE = Queue("badgerelay", max_length=10_000, queue_arguments={"x-queue-type": "quorum"})
"""The queue of all messages. RabbitMQ replicates it to a majority of its nodes, and drops the oldest messages when it
is full. Redis does neither, so the sender checks the length first."""

TIMEOUT_SECONDS = 3.0
"""Maximum seconds to wait for a broker's answer, to a connection or to a message."""


class CelerySender:
    """Sends ``badgerelay.work`` messages, over a connection of its own that opens on first use.

    :param app: our Celery application, or that of a host that includes our tasks.
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
                # The broker may have restarted or closed an idle connection: try once more with a new one.
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
        """Return whether the queue is full. No message is needed then: workers find the work when they start."""
        assert self._connection is not None
        # Without AMQP, declaring a queue creates nothing and returns its length.
        waiting = self._connection.default_channel.queue_declare(QUEUE.name).message_count
        return bool(waiting >= QUEUE.max_length)

    def close(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.collect(socket_timeout=TIMEOUT_SECONDS)
