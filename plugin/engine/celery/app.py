"""The Celery application of this process, over the broker of ``BADGERELAY_BROKER_URL``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ...runtime.settings import Settings, SettingsError
from .publisher import Publisher

if TYPE_CHECKING:
    from celery import Celery

VISIBILITY_SECONDS = 60
"""Seconds after which Redis gives a message that no worker has acknowledged to another. A second run is harmless."""


def check_broker(settings: Settings) -> None:
    """Check that the packages for the broker are installed, if one is set.

    :raises SettingsError: when a broker is set and its extra (``celery`` or ``redis``) is not installed.
    """
    url = settings.broker_url or ""
    if not url:
        return
    needed = ("celery", "redis") if url.startswith("redis") else ("celery",)
    if missing := [name for name in needed if find_spec(name) is None]:
        extra = "redis" if "redis" in missing else "celery"
        raise SettingsError(
            f"BADGERELAY_BROKER_URL is set and {' and '.join(missing)} is not installed: pip install "
            f"'badgerelay[{extra}]', or unset it for the embedded engine"
        )


def make_app(settings: Settings) -> Celery:
    """Return a Celery application of our own. It connects on first use.

    :raises SettingsError: when no broker is set, or its extra (``celery`` or ``redis``) is not installed.
    """
    if settings.broker_url is None:
        raise SettingsError("BADGERELAY_BROKER_URL is not set")
    check_broker(settings)
    from celery import Celery

    from .queue import TIMEOUT_SECONDS
    from .tasks import QUEUE  # the import registers the tasks

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
        broker_transport_options=_options(url, TIMEOUT_SECONDS),
    )
    return app


def make_publisher(settings: Settings) -> Publisher:
    """Return a publisher that reports work to our workers.

    :raises SettingsError: as :func:`make_app`.
    """
    app = make_app(settings)
    from .queue import CelerySender

    return Publisher(CelerySender(app))


def _options(url: str, timeout: float) -> dict[str, Any]:
    if url.startswith("amqp"):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        # Keys of our own: applications that share the server do not restore each other's messages.
        "unacked_key": "badgerelay.unacked",
        "unacked_index_key": "badgerelay.unacked_index",
        "unacked_mutex_key": "badgerelay.unacked_mutex",
    }
