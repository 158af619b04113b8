"""The values that leave the store are built from rows by position: their fields are the table's columns."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
import sqlalchemy as sa

from badgerelay.plugin.store import InboxEvent, LedgerAward, NewEvent, Store
from badgerelay.plugin.store.inbox.events import unstored
from badgerelay.plugin.store.ledger.notifications import Notice
from badgerelay.plugin.store.measurements import Measurement
from badgerelay.plugin.store.schedule import ScheduledTask
from badgerelay.plugin.store.schema.tables import awards, events, measurements, notifications, schedule

NEW = NewEvent("acme", "alm:1", "e-1", "acme", "course_completed", '{"a": 1}', learner_id="7", occurred_at=5.0)


@pytest.mark.parametrize(
    ("value", "table"),
    [
        (InboxEvent, events),
        (LedgerAward, awards),
        (Notice, notifications),
        (ScheduledTask, schedule),
        (Measurement, measurements),
    ],
)
def test_a_value_has_the_columns_of_its_table_in_their_order(value: Any, table: sa.Table) -> None:
    assert [field.name for field in fields(value)] == list(table.columns.keys())


def test_an_event_that_is_not_stored_is_as_the_inbox_would_hand_it_out(store: Store) -> None:
    store.inbox.add([NEW], 9.0)
    (claimed,) = store.inbox.claim("acme", "owner", 1, 9.0)
    as_new = replace(claimed, correlation_id="", due_at=9.0, lease_owner=None)
    assert unstored(NEW, 9.0, number=claimed.id) == as_new
