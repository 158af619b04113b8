"""The contract, run against an installed adapter: over its own sandbox, or at the provider of a connection."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...adapters.base import Adapter
from ...adapters.errors import ConfigurationError
from ..providers.pool import public_url_of
from ..providers.rate_limits import pace_of
from ..store import Connection, Store
from ..store.policy import KEYS

if TYPE_CHECKING:
    from ...adapters.contract import Provider

PATIENCE_SECONDS = 60.0
TESTS = """\
from badgerelay.adapters.contract import AdapterContract


class TestAdapter(AdapterContract):
    pass
"""

Providing = Callable[[], "AbstractContextManager[Provider]"]


def run_contract(providing: Providing) -> bool:
    """Run it, and print what pytest says; whether the contract is kept.

    :raises ConfigurationError: pytest is not installed.
    """
    try:
        import pytest
    except ImportError:
        raise ConfigurationError(
            "to check an adapter needs pytest: install badgerelay[kit], or pytest itself"
        ) from None

    class Fixtures:
        @pytest.fixture
        def provider(self) -> Iterator[Provider]:
            with providing() as provider:
                yield provider

    with tempfile.TemporaryDirectory(prefix="badgerelay-check-") as folder:
        file = Path(folder, "test_contract.py")
        file.write_text(TESTS)
        # Neither the settings nor the cache of whatever project lies where the command is called.
        options = ["-c", os.devnull, "--rootdir", folder, "-p", "no:cacheprovider", "--no-header", "-q", "-rs"]
        return pytest.main([*options, "--tb=short", str(file)], plugins=[Fixtures()]) == 0


def at_sandbox(adapter: type[Adapter]) -> Providing:
    """Its own sandbox, on this machine. :raises ConfigurationError: it has none."""
    try:
        adapter.sandbox({})
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}: check it at a connection, with --connection") from None

    @contextmanager
    def providing() -> Iterator[Provider]:
        # Late, so that pytest sees how these modules come, and shows what was compared.
        from ...adapters.contract import over_sandbox

        with over_sandbox(adapter) as provider:
            yield provider

    return providing


def at_connection(
    store: Store, connection: Connection, adapter: type[Adapter], template: str, email: str
) -> Providing:
    """The provider of a connection: only what asks, and the life of one badge where there is an address for it."""

    @contextmanager
    def providing() -> Iterator[Provider]:
        from ...adapters.contract import Provider

        provider = Provider(
            adapter,
            {key: value for key, value in connection.settings.items() if key not in KEYS},
            made_up=False,
            email=email,
            template_id=template,
            storage=lambda: store.storage(connection.name),
            pace=pace_of(store, connection, patience=PATIENCE_SECONDS),
            records=store.records(connection.name, connection.type),
            public_url=public_url_of(store, connection),
        )
        try:
            yield provider
        finally:
            provider.close()

    return providing
