from __future__ import annotations

import threading

import sqlalchemy as sa

from badgerelay.plugin.store import Store
from badgerelay.plugin.store.catalogue.rules import IDS_AT_ONCE, NewRule
from badgerelay.plugin.store.schema.tables import rule_objects, rules

from ...support import add_rule


def test_a_rule_is_kept_as_it_was_made(store: Store) -> None:
    new = NewRule("acme", "academy", "t-1", ("b", "a", "b"), 1, passed=False, least_score=0.8, origin="skill")
    assert store.rules.add([new, new], 1.0) == [new]
    (rule,) = store.rules.all()
    assert (rule.id, rule.objects, rule.need, rule.passed, rule.least_score) == (1, ("a", "b"), 1, False, 0.8)
    assert (rule.source, rule.connection, rule.template_id, rule.origin) == ("acme", "academy", "t-1", "skill")


def test_rules_that_say_the_same_are_one_and_those_that_differ_are_several(store: Store) -> None:
    assert add_rule(store, "*", ("a", "b"), "academy", "t-1")
    assert not add_rule(store, "*", ("b", "a"), "academy", "t-1", need=2, origin="import")
    assert add_rule(store, "*", ("a", "b"), "academy", "t-1", need=1)
    assert add_rule(store, "*", ("a", "b"), "academy", "t-1", passed=False)
    assert add_rule(store, "*", ("a", "b"), "academy", "t-1", least_score=0.5)
    assert len(store.rules.all()) == 4


def test_the_same_rule_from_many_threads_is_one(store: Store) -> None:
    added: list[bool] = []
    threads = [
        threading.Thread(target=lambda: added.append(add_rule(store, "*", ("a", "b"), "academy", "t-1")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [False] * 7 + [True]


def test_a_rule_is_found_by_each_of_its_objects_and_once(store: Store) -> None:
    add_rule(store, "*", ("a", "b"), "academy", "t-1")
    add_rule(store, "acme", "b", "academy", "t-2")
    add_rule(store, "moodle", "b", "academy", "t-3")
    assert [rule.id for rule in store.rules.for_objects("acme", ["a", "b", "x"])] == [1, 2]
    assert [rule.id for rule in store.rules.for_objects("canvas", ["a"])] == [1]
    assert store.rules.for_objects("acme", []) == []
    many = [f"x-{number}" for number in range(2 * IDS_AT_ONCE)]
    assert [rule.id for rule in store.rules.for_objects("moodle", [*many, "b"])] == [1, 3]


def test_what_is_removed_leaves_nothing(store: Store) -> None:
    add_rule(store, "*", ("a", "b"), "academy", "t-1")
    add_rule(store, "*", ("a", "c"), "elsewhere", "t-1")
    assert store.rules.remove(1)
    assert not store.rules.remove(1)
    assert store.rules.for_objects("acme", ["b"]) == []
    store.connections.remove("elsewhere")
    with store.database.read() as connection:
        for table in (rules, rule_objects):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
