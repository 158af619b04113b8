"""Helpers of the tests over sandboxes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import requests

from badgerelay.adapters import Adapter, AdapterError, IssuedBadge, Outcome, RejectedError


def counts(url: str) -> dict[str, Any]:
    """Badges: ``total``, ``live``, ``duplicates``, by state and by template."""
    found: dict[str, Any] = requests.get(f"{url}/_sandbox/badges?format=count").json()["counts"]
    return found


def calls(url: str) -> dict[str, int]:
    """Requests that arrived, by kind."""
    found: dict[str, int] = requests.get(f"{url}/_sandbox/requests").json()["counts"]
    return found


def words(outcomes: Iterable[Outcome]) -> list[str]:
    """Each outcome in a word: ``issued``, ``existed``, a refusal's code, or the error's class."""
    said = []
    for each in outcomes:
        if isinstance(each, IssuedBadge):
            said.append("existed" if each.existed else "issued")
        else:
            said.append(each.code if isinstance(each, RejectedError) else type(each).__name__)
    return said


def recording(adapter: Adapter) -> list[IssuedBadge]:
    """The badges that the adapter gives from now on, to be taken back after a test."""
    made: list[IssuedBadge] = []
    issue = adapter.issue

    def kept(awards: Any) -> list[Outcome]:
        outcomes = issue(awards)
        made.extend(each for each in outcomes if isinstance(each, IssuedBadge))
        return outcomes

    adapter.issue = kept  # type: ignore[method-assign]
    return made


def failures_of_many_checks(adapter: Adapter) -> list[AdapterError]:
    """What goes wrong when 16 threads check the settings at once."""
    failures: list[AdapterError] = []

    def check() -> None:
        try:
            adapter.check()
        except AdapterError as error:
            failures.append(error)

    threads = [threading.Thread(target=check) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
