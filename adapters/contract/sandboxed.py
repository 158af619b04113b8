"""The contract over an adapter's own sandbox, with real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from ..base import Adapter
from ..sandbox import BackgroundServer
from .provider import Provider

TIMEOUT_SECONDS = 30.0


@contextmanager
def over_sandbox(adapter: type[Adapter], knobs: dict[str, str] | None = None, **more: Any) -> Iterator[Provider]:
    """Serve the adapter's sandbox on loopback and yield it as a provider.

    :param more: further fields of :class:`Provider`; ``settings`` extend those of the sandbox.
    """
    with BackgroundServer(adapter.sandbox(knobs or {})) as server, requests.Session() as session:
        session.trust_env = False

        def fail(spec: str) -> None:
            answer = session.put(f"{server.url}/_sandbox/faults", data=spec, timeout=TIMEOUT_SECONDS)
            assert answer.status_code == 200, answer.text

        def count() -> int:
            answer = session.get(f"{server.url}/_sandbox/badges", params={"format": "count"}, timeout=TIMEOUT_SECONDS)
            return int(answer.json()["counts"]["total"])

        settings = {**adapter.sandbox_settings(server.url), **more.pop("settings", {})}
        provider = Provider(adapter, settings, faults=fail, issued=count, **more)
        try:
            yield provider
        finally:
            provider.close()
