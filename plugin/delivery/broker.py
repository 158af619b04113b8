"""Celery over the broker of ``BADGERELAY_BROKER_URL``: the application, and how messages are put on it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..settings import Settings, SettingsError
from .lanes import Lane

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Connection, Producer

TIMEOUT_SECONDS = 3.0
"""For a broker's answer to anything: to connecting, and to a message."""

VISIBILITY_SECONDS = 60
"""After which Redis gives a message that nobody has acknowledged to somebody else; a second look does no harm."""


def check_broker(settings: Settings) -> None:
    """:raises SettingsError: a broker is set, and the extra ``celery`` is not installed."""
    url = settings.broker_url or ""
    if not url:
        return
    needed = ("celery", "redis") if url.startswith("redis") else ("celery",)
    if missing := [name for name in needed if find_spec(name) is None]:
        raise SettingsError(
            f"BADGERELAY_BROKER_URL is set and {' and '.join(missing)} is not installed: pip install "
            "'badgerelay[celery]', or unset it for the embedded engine"
        )


def make_app(settings: Settings) -> Celery:
    """Our own Celery application. It connects when it is used.

    :raises SettingsError: no broker is set, or the extra ``celery`` is not installed.
    """
    if settings.broker_url is None:
        raise SettingsError("BADGERELAY_BROKER_URL is not set")
    check_broker(settings)
    from celery import Celery

    from ..tasks import QUEUE

    url = settings.broker_url

    app = Celery("badgerelay", broker=url, set_as_current=False)
    app.conf.update(
        task_queues=[QUEUE],
        task_default_queue=QUEUE.name,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_enable_prefetch_count_reduction=False,
        broker_connection_timeout=TIMEOUT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_options(url),
    )
    return app


def _options(url: str) -> dict[str, Any]:
    if url.startswith("amqp"):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "socket_keepalive": True,
        # Keys of our own: who shares the server restores neither our messages nor we theirs.
        "unacked_key": "badgerelay.unacked",
        "unacked_index_key": "badgerelay.unacked_index",
        "unacked_mutex_key": "badgerelay.unacked_mutex",
    }


class CelerySender:
    """Sends ``badgerelay.work`` messages, over a connection of its own that is opened when it is needed.

    :param app: ours, or that of a host that includes our tasks.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None
        self._producer: Producer | None = None

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
            waits = (
                {"read_timeout": TIMEOUT_SECONDS, "write_timeout": TIMEOUT_SECONDS}
                if self._app.connection_for_write().transport_cls.startswith(("amqp", "pyamqp"))
                else {"socket_timeout": TIMEOUT_SECONDS}
            )
            options = {**self._app.conf.broker_transport_options, **waits}
            self._connection = self._app.connection_for_write(transport_options=options)
            self._connection.ensure_connection(max_retries=1, interval_start=0, timeout=TIMEOUT_SECONDS)
            self._producer = self._app.amqp.Producer(self._connection, auto_declare=False)
        self._app.tasks["badgerelay.work"].apply_async(
            (lane.kind, lane.name), producer=self._producer, retry=False, confirm_timeout=TIMEOUT_SECONDS
        )

    def close(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.collect(socket_timeout=TIMEOUT_SECONDS)
