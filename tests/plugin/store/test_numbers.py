from __future__ import annotations

from collections.abc import Callable
from typing import Any

from badgerelay.plugin.store import Settled, Store
from badgerelay.plugin.store.history import changes_of

Earn = Callable[..., list[dict[str, Any]]]
NUMBERED = ("events", "awards", "history", "notifications")
BEYOND = 2**31 + 7


def _go_on_from(store: Store, number: int) -> None:
    """The next row of each table gets the number after this one."""
    with store.database.write() as connection:
        for table in NUMBERED:
            if store.database.embedded:  # it goes on from the highest number there is
                connection.exec_driver_sql(f"UPDATE {table} SET id = {number}")
            else:
                connection.exec_driver_sql(f"SELECT setval('{table}_id_seq', {number})")


def test_rows_are_numbered_beyond_32_bits(store: Store, earn: Earn) -> None:
    earn(1)
    with store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM history WHERE id > 1")
    _go_on_from(store, BEYOND)
    award, *_ = earn(1, template="t-2")
    assert award["id"] == BEYOND + 1
    assert award["event_id"] == BEYOND + 1
    rows = store.ledger.claim("academy", "owner", 10, store.now())
    store.ledger.settle([Settled(row, "issued", "issued", badge_id="b") for row in rows], store.now())
    assert store.views.awards(event=award["event_id"])[0]["state"] == "issued"
    found = store.views.award(award["id"])
    assert found is not None
    with store.database.read() as connection:
        states = [change["state"] for change in changes_of(connection, award_id=award["id"])]
        numbers = [change["id"] for change in changes_of(connection, event_id=award["event_id"])]
    assert states == ["planned", "sending", "issued"]
    assert min(numbers) > BEYOND
