from __future__ import annotations

from collections.abc import Callable

import pytest

from ...support import Ran, connect_alm, connect_credly, run_here


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., Ran]:
    """The command, with the test's own store; ``extra`` are further variables."""

    def command(*arguments: str, stdin: str = "", extra: dict[str, str] | None = None) -> Ran:
        return run_here(*arguments, stdin=stdin, environ={**environ, **(extra or {})})

    return command


@pytest.fixture
def credly(serve_app: Callable[..., str]) -> str:
    return serve_app("credly", organizations="2")


@pytest.fixture
def alm(serve_app: Callable[..., str]) -> str:
    return serve_app("alm")


@pytest.fixture
def connected(store: object, credly: str, alm: str) -> None:
    """The connections ``academy`` and ``acme``."""
    connect_credly(store, credly)  # type: ignore[arg-type]  # the fixture is a Store
    connect_alm(store, alm)  # type: ignore[arg-type]
