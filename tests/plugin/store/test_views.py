"""Single events are found among millions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from badgerelay.plugin.store import Store

from ...support import query_plans
from .conftest import EVENT


@pytest.fixture
def known(store: Store) -> list[dict[str, Any]]:
    """Events of several senders, two of which use the same id."""
    senders = [("", "moodle"), ("acme", "alm:1"), ("acme", "alm:2"), ("beta", "alm:1")]
    for connection, source in senders:
        news = [replace(EVENT, connection=connection, source=source, event_id=f"{source} {key}") for key in "abc"]
        store.inbox.add(news, store.now())
    return store.views.events()[::-1]


def test_an_event_is_found_by_its_sender_s_id_whoever_sent_it_and_by_correlation_id(
    store: Store, known: list[dict[str, Any]]
) -> None:
    for event in known:
        same = [each for each in known if each["event_id"] == event["event_id"]]
        assert store.views.events_called(event["event_id"]) == same
        correlated = [each for each in known if each["correlation_id"] == event["correlation_id"]]
        assert store.views.events_called(event["correlation_id"]) == correlated
    assert len(store.views.events_called("alm:1 b")) == 2
    assert store.views.events_called("alm:1 z") == []


def test_it_is_found_through_the_indexes(store: Store, known: list[dict[str, Any]]) -> None:
    plans = query_plans(store, lambda: store.views.events_called("alm:1 b"))
    first_sender = "SCAN events USING COVERING INDEX sqlite_autoindex_events_1"  # its first row alone
    assert [plan for plan in plans if "SCAN" in plan] == [first_sender]
    assert not [plan for plan in plans if "TEMP B-TREE" in plan or ")>(" in plan]
