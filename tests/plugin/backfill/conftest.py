from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import requests

from badgerelay.plugin.providers.template_sync import sync_templates
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.backfill.summary import reason_counts

from ...support import ORGANIZATION, TOKEN, Ran, connect_alm, connect_credly, run_here

HEADER = "Email,User ID,Type,LO Unique ID,Instance,Status,Completion Date,Grade"
FIRST = 15300721
TEMPLATE = "6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63"


def line(
    learner: int | str = FIRST,
    *,
    email: str = "",
    course: str = "course:8801234",
    instance: str = "course:8801234_17700456",
    date: str = "2026-03-02T10:00:00Z",
    grade: str = "Pass",
    status: str = "Completed",
    type_: str = "Course",
) -> str:
    return f"{email},{learner},{type_},{course},{instance},{status},{date},{grade}"


def issue_by_hand(credly: str, **changes: Any) -> str:
    """A badge that somebody issued at the provider without us; its id."""
    item = {
        "recipient_email": "rosa.lindqvist@example.org",
        "issued_to_first_name": "Rosa",
        "issued_to_last_name": "Lindqvist",
        "badge_template_id": TEMPLATE,
        "issued_at": "2026-03-02 13:05:00 +0000",
        **changes,
    }
    answer = requests.post(
        f"{credly}/v1/organizations/{ORGANIZATION}/badges", json=item, auth=(TOKEN, ""), timeout=10
    )
    answer.raise_for_status()
    return str(answer.json()["data"]["id"])


def stored_reasons(store: Store, number: int) -> list[tuple[str, int]]:
    """Return why completions and badges of a plan are not issued, the commonest reason first."""
    with store.database.read() as transaction:
        return reason_counts(transaction, number, 9)


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., Ran]:
    def command(*arguments: str) -> Ran:
        return run_here(*arguments, environ=environ)

    return command


@pytest.fixture
def transcript(tmp_path: Path) -> Callable[[Iterable[str]], str]:
    """Writes a transcript; its path."""

    def write(lines: Iterable[str], header: str = HEADER) -> str:
        path = tmp_path / "transcript.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return str(path)

    return write


@pytest.fixture
def provide(store: Store, serve_app: Callable[..., str]) -> Callable[..., str]:
    """Starts a Credly with these knobs and connects it as ``academy``, with these settings; its address."""

    def start(knobs: dict[str, str] | None = None, **settings: str) -> str:
        url = serve_app("credly", **(knobs or {}))
        connect_credly(store, url, **settings)
        connection = store.connections.get("academy")
        assert connection is not None
        sync_templates(store, connection)
        return url

    return start


@pytest.fixture
def credly(provide: Callable[..., str]) -> str:
    return provide()


@pytest.fixture
def alm(store: Store, credly: str, serve_app: Callable[..., str]) -> str:
    url = serve_app("alm", learners="300")
    connect_alm(store, url)
    return url
