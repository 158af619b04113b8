"""A call to a provider is measured whatever comes of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from badgerelay.adapters.errors import (
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from badgerelay.adapters.values import IssuedBadge
from badgerelay.plugin.providers.instrumentation import outcome_of, provider_call
from badgerelay.plugin.store import Store

BADGE = IssuedBadge("b-1", "https://badges.example.org/b-1", "pending")
EXISTED = IssuedBadge("b-2", "https://badges.example.org/b-2", "pending", existed=True)


def call(store: Store, verb: str, *results: object) -> dict[tuple[str, str, str], float]:
    """What a call with these results adds to the table, apart from how long it took."""
    rows: list[Any] = [SimpleNamespace(id=number, correlation_id="0" * 32) for number in range(len(results))]
    with provider_call(store, "academy", verb, rows) as came_of:
        came_of(results)
    store.measurements.flush()
    found = {(row.name, row.verb, row.label): row.value for row in store.measurements.all()}
    return {key: value for key, value in found.items() if key[0] in ("calls", "attempts")}


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (None, "absent"),
        (BADGE, "issued"),
        (EXISTED, "existed"),
        (RejectedError("no", "no"), "rejected"),
        (ConfigurationError("no"), "configuration"),
        (TemporaryError("no"), "temporary"),
        (OverBudgetError("no"), "over_budget"),
        (AmbiguousError("no"), "ambiguous"),
        (AdapterError("no"), "broken"),
        ("no outcome", "broken"),
    ],
)
def test_each_result_has_its_word(result: object, word: str) -> None:
    assert outcome_of(result) == word


def test_a_batch_of_one_kind_is_that_and_each_award_counts(store: Store) -> None:
    assert call(store, "issue", BADGE, BADGE) == {("calls", "issue", "issued"): 1, ("attempts", "", "issued"): 2}


def test_a_batch_of_several_kinds_is_mixed(store: Store) -> None:
    assert call(store, "issue", BADGE, EXISTED, RejectedError("no", "no")) == {
        ("calls", "issue", "mixed"): 1,
        ("attempts", "", "issued"): 1,
        ("attempts", "", "existed"): 1,
        ("attempts", "", "rejected"): 1,
    }


def test_a_badge_that_is_not_there_is_no_attempt(store: Store) -> None:
    assert call(store, "find", None) == {("calls", "find", "absent"): 1}


def test_a_call_that_breaks_off_is_measured_too(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), provider_call(store, "academy", "issue", []):
        raise KeyboardInterrupt
    store.measurements.flush()
    assert {(row.name, row.label) for row in store.measurements.all()} >= {("calls", "broken"), ("seconds", "")}
