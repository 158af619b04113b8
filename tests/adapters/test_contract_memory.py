"""Records in memory behave as a connection's: all or nothing, and separate by kind."""

from __future__ import annotations

from badgerelay.adapters import Change
from badgerelay.adapters.contract import MemoryRecords


def test_several_changes_are_made_or_none() -> None:
    records = MemoryRecords()
    assert records.change([Change("badge", "a", "one"), Change("badge", "b", "two", group="g")])
    assert not records.change([Change("badge", "c", "new"), Change("badge", "a", "again")])
    assert not records.change([Change("badge", "a", "late", 2)])
    assert records.change([Change("badge", "a", "changed", 1), Change("status", "a", "other kind")])
    found = records.get("badge", ["a", "b", "c"])
    assert {key: (each.value, each.version, each.group) for key, each in found.items()} == {
        "a": ("changed", 2, ""),
        "b": ("two", 1, "g"),
    }
    assert [each.key for each in records.listed("badge")] == ["a", "b"]
    assert records.versions("badge", "g") == {"b": 1}


def test_no_number_is_taken_twice() -> None:
    records = MemoryRecords()
    assert [records.take("list"), records.take("list", 3), records.take("list"), records.take("other")] == [
        0,
        1,
        4,
        0,
    ]
    assert (records.taken("list"), records.taken("none")) == (5, 0)
