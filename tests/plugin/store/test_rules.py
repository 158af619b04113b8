from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store, open_store
from badgerelay.plugin.store import database as database_module
from badgerelay.plugin.store.catalogue.rules import IDS_AT_ONCE, NewRule
from badgerelay.plugin.store.database import Database
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


def upgraded_from(url: str, home: Path, *statements: str) -> Store:
    """A store whose schema was the one before the rules had several objects."""
    database = Database(url)
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for statement in statements:
            connection.exec_driver_sql(statement)
    database.upgrade()
    database.close()
    return open_store(Settings(home, url))


RULE = (
    "INSERT INTO rules (id, source, learning_object_id, connection, template_id, created_at) "
    "VALUES ({id}, 'acme', 'course:{id}', 'academy', 't-1', 5.0)"
)
EVENT = (
    "INSERT INTO events (id, connection, source, event_id, lane, kind, learner_id, learning_object_id, payload, "
    "state, correlation_id, received_at, due_at, attempts) VALUES "
    "({id}, 'acme', '{source}', 'e-{id}', 'acme', 'k', 'l', '{place}', '{{}}', 'done', 'c', 1.0, 1.0, 1)"
)
AWARD = (
    "INSERT INTO awards (id, connection, source, learner_id, template_id, period, event_id, correlation_id, state, "
    "recipient, issued_at, created_at, due_at, attempts, surprises, in_doubt) VALUES "
    "({id}, 'academy', '{source}', 'l', 't-{id}', '', {id}, 'c', 'issued', '{{}}', 1.0, 1.0, 1.0, 1, 0, {false})"
)
PLACES = {
    1: ("alm:70412", "certification:171020_190311", "certification:171020"),
    2: ("alm:70412", "certification:171021", "certification:171021"),
    3: ("alm:70412", "course:1_1", ""),
    4: ("moodle", "certification:5", ""),
    5: ("alm:70412", "certification:" + "9" * 80, ""),
}


def carries_over(url: str, home: Path, false: str) -> None:
    rows = [
        each
        for number, (source, place, _) in PLACES.items()
        for each in (
            EVENT.format(id=number, source=source, place=place),
            AWARD.format(id=number, source=source, false=false),
        )
    ]
    store = upgraded_from(url, home, RULE.format(id=3), RULE.format(id=9), *rows)
    assert [(rule.id, rule.objects, rule.need, rule.origin) for rule in store.rules.all()] == [
        (3, ("course:3",), 1, "hand"),
        (9, ("course:9",), 1, "hand"),
    ]
    assert not add_rule(store, "acme", "course:3", "academy", "t-1")
    assert [rule.id for rule in store.rules.for_objects("acme", ["course:9"])] == [9]
    assert add_rule(store, "acme", "course:10", "academy", "t-1")
    assert [rule.id for rule in store.rules.all()][:2] == [3, 9]
    assert store.rules.all()[2].id > 9
    assert {award["id"]: award["period"] for award in store.views.awards()} == {
        number: period for number, (_, _, period) in PLACES.items()
    }
    store.close()


def test_an_older_sqlite_carries_its_rules_over(tmp_path: Path) -> None:
    carries_over(f"sqlite:///{tmp_path / 'old.db'}", tmp_path, "0")


@pytest.mark.services
def test_an_older_postgresql_carries_its_rules_over(postgresql: Callable[[bool], str], tmp_path: Path) -> None:
    carries_over(postgresql(False), tmp_path, "false")
