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
        # Ignore the settings and the cache of a project in the working directory.
        options = ["-c", os.devnull, "--rootdir", folder, "-p", "no:cacheprovider", "--no-header", "-q", "-rs"]
        return pytest.main([*options, "--tb=short", str(file)], plugins=[Fixtures()]) == 0


def at_sandbox(adapter: type[Adapter]) -> Providing:
    """Return a factory of context managers that open the adapter's sandbox, on this machine.

    :raises ConfigurationError: when the adapter has no sandbox.
    """
    try:
        adapter.sandbox({})
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}: check it at a connection, with --connection") from None

    @contextmanager
    def providing() -> Iterator[Provider]:
        # Imported late, so that pytest rewrites the assertions of these modules.
        from ...adapters.contract import over_sandbox

        with over_sandbox(adapter) as provider:
            yield provider

    return providing


def at_connection(
    store: Store, connection: Connection, adapter: type[Adapter], template: str, email: str
) -> Providing:
    """Return a factory of context managers that open the provider of a connection for the contract checks.

    :param email: the address for the checks of one badge's life; empty for the checks that only read.
    """

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
