"""Imports are compared with earlier ones, and their rows become visible at once, on both databases."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgerelay.plugin.csv_import import apply
from badgerelay.plugin.csv_import.apply import OvertakenError, Writer
from badgerelay.plugin.csv_import.file_specs import KINDS
from badgerelay.plugin.csv_import.open_file import from_text
from badgerelay.plugin.csv_import.run import Task, run
from badgerelay.plugin.csv_import.staging import Staging
from badgerelay.plugin.csvfiles.rows import Watch
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.imports.imported_rows import ABANDONED_SECONDS
from badgerelay.plugin.store.schema.tables import imported_rows, imports

from ...support import query_plans, until
from .conftest import Import, text_of

NUMBERS = count(1)


def skills(*numbers: int, name: str = "A skill") -> str:
    return text_of("skill", *({"id": f"SK-{number}", "skillName": name} for number in numbers))


def rows(store: Store) -> int:
    with store.database.read() as transaction:
        return int(transaction.scalar(sa.select(sa.func.count()).select_from(imported_rows)) or 0)


def test_a_second_run_writes_and_reports_only_differences(store: Store, import_texts: Import) -> None:
    first, _ = import_texts({"skill": skills(*range(12_000))})
    assert (first.files[0].added, first.files[0].changed, first.files[0].unchanged) == (12_000, 0, 0)
    again, _ = import_texts({"skill": skills(*range(12_000))})
    assert (again.files[0].added, again.files[0].changed, again.files[0].unchanged) == (0, 0, 12_000)
    text = skills(*range(10, 11_000)) + skills(1, 2, 99_999, name="Another").partition("\n")[2]
    third, _ = import_texts({"skill": text})
    assert (third.files[0].added, third.files[0].changed, third.files[0].unchanged) == (1, 2, 10_990)
    assert sorted(third.files[0].which) == [
        ("added", 10_994, "SK-99999"),
        ("changed", 10_992, "SK-1"),
        ("changed", 10_993, "SK-2"),
    ]
    assert rows(store) == 12_001  # what was replaced is gone


def test_a_dry_run_says_the_same_and_writes_nothing(store: Store, import_texts: Import) -> None:
    outcome, _ = import_texts({"skill": skills(1, 2)}, dry_run=True)
    assert (outcome.written, outcome.files[0].added, rows(store)) == (False, 2, 0)


def test_with_one_bad_row_nothing_is_written_unless_the_good_ones_are_accepted(
    store: Store, import_texts: Import
) -> None:
    files = {"skill": skills(1, 2), "skill_level": text_of("skill_level", {"skillId": "SK-9"}, {})}
    outcome, problems = import_texts(files)
    assert ([problem.code for problem in problems], outcome.written, rows(store)) == (["unknown_skill"], False, 0)
    outcome, _ = import_texts(files, accept_good_rows=True)
    assert (outcome.written, rows(store)) == (True, 3)


def test_of_people_only_fingerprints_are_kept(store: Store, import_texts: Import) -> None:
    import_texts({"user_course_grade": text_of("user_course_grade", {})})
    with store.database.read() as transaction:
        (row,) = transaction.execute(sa.select(imported_rows)).all()
    assert "rosa" not in str(row)
    assert "CRS-1" not in str(row)


def staged(text: str) -> tuple[Any, Staging]:
    return from_text(KINDS["skill"], text), Staging()


def test_an_import_that_breaks_off_leaves_nothing(
    store: Store, import_texts: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_texts({"skill": skills(1)})

    class BrokenError(Exception):
        pass

    def broken(*_: object) -> bool:
        raise BrokenError

    monkeypatch.setattr(store.imports, "finish", broken)
    with pytest.raises(BrokenError):
        import_texts({"skill": skills(1, 2, name="Another")})
    monkeypatch.undo()
    assert rows(store) == 1
    assert set(store.imports.digests("lms", "skill", ["SK-1", "SK-2"])) == {"SK-1"}


def test_rows_of_a_killed_import_do_not_count_and_are_cleared_away_later(
    store: Store, import_texts: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Staging() as staging:
        file = from_text(KINDS["skill"], skills(1, 2))
        monkeypatch.setattr(Writer, "finish", lambda _: None)
        monkeypatch.setattr(Writer, "discard", lambda _: None)
        run(store, Task("lms"), [file], staging)
        monkeypatch.undo()
    assert rows(store) == 2
    assert store.imports.digests("lms", "skill", ["SK-1"]) == {}
    with store.database.write() as transaction:
        transaction.execute(sa.update(imports).values(started_at=store.now() - ABANDONED_SECONDS - 1))
    outcome, _ = import_texts({"skill": skills(3)})
    assert outcome.files[0].added == 1
    assert rows(store) == 1


def unfinished(store: Store, staging: Staging, text: str, watch: Watch = lambda _: None) -> Writer:
    """An import of a skill.csv, up to the moment before its rows become visible."""
    run(store, Task("lms", dry_run=True), [from_text(KINDS["skill"], text)], staging)
    staging.database.execute("DROP TABLE superseded")
    writer = Writer(store, staging, "lms")
    writer.compare("skill", watch, write=True)
    return writer


def test_the_slower_of_two_imports_of_one_file_changes_nothing(store: Store, import_texts: Import) -> None:
    with Staging() as staging:
        slow = unfinished(store, staging, skills(1, name="Slower"))
        import_texts({"skill": skills(1, name="Faster")})
        with pytest.raises(OvertakenError):
            slow.finish()
        slow.discard()
    outcome, _ = import_texts({"skill": skills(1, name="Faster")})
    assert outcome.files[0].unchanged == 1
    assert rows(store) == 1


def test_an_import_that_finished_before_the_first_difference_is_noticed(
    store: Store, import_texts: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "PORTION", 1)
    import_texts({"skill": skills(1)})
    compared: list[int] = []

    def watch(rows: int) -> None:
        compared.append(rows)
        if len(compared) == 1:
            assert import_texts({"skill": skills(1, name="Faster")})[0].written

    with Staging() as staging:
        slow = unfinished(store, staging, skills(1) + skills(2).partition("\n")[2], watch)
        with pytest.raises(OvertakenError):
            slow.finish()
        slow.discard()


def test_of_two_that_finish_at_once_one_is_overtaken(store: Store) -> None:
    seen = {"skill": store.imports.finished("lms", "skill")}
    first, second = (store.imports.begin("lms", "skill", store.now()) for _ in range(2))
    late: list[Future[bool]] = []

    def finish(number: int) -> bool:
        return store.imports.finish("lms", {"skill": number}, seen, store.now())

    def has_come_far() -> bool:
        """Whether it has ended or waits for the first; with SQLite it waits before it begins."""
        if store.database.embedded or late[0].done():
            return True
        with store.database.read() as transaction:
            return bool(transaction.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    def before_commit(_: object) -> None:
        if not late:
            late.append(pool.submit(finish, second))
            until(has_come_far)

    sa.event.listen(store.database._engine, "commit", before_commit)
    with ThreadPoolExecutor() as pool:
        assert finish(first)
    sa.event.remove(store.database._engine, "commit", before_commit)
    assert not late[0].result()
    assert store.imports.finished("lms", "skill") == {first}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.integers(0, 2), max_size=12))
def test_an_import_finishes_unless_another_finished_since_it_compared(store: Store, steps: list[int]) -> None:
    source = f"lms-{next(NUMBERS)}"
    looked: dict[int, frozenset[int]] = {}
    begun: dict[int, int] = {}
    done: list[int] = []
    at: dict[int, int] = {}
    for who in steps:
        if who not in looked:
            looked[who], at[who] = store.imports.finished(source, "skill"), len(done)
        elif who not in begun:
            begun[who] = store.imports.begin(source, "skill", 1_000.0 - who)  # whatever the clocks say
            store.imports.add(("key", "digest"), [(source, "skill", begun[who], "SK-1", who)])
        else:
            finished = store.imports.finish(source, {"skill": begun[who]}, {"skill": looked[who]}, 1_000.0)
            assert finished == (at[who] == len(done))
            if finished:
                done.append(who)
            else:
                store.imports.discard(source, "skill", begun[who])
            del looked[who], begun[who]
    assert store.imports.digests(source, "skill", ["SK-1"]) == ({"SK-1": done[-1]} if done else {})


def test_others_get_their_turn_between_two_portions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(apply, "PORTION", 10)
    with Staging() as staging:
        run(store, Task("lms", dry_run=True), [from_text(KINDS["skill"], skills(*range(35)))], staging)
        staging.database.execute("DROP TABLE superseded")
        writer = Writer(store, staging, "lms", sleep=pauses.append)
        writer.compare("skill", lambda _: None, write=True)
        writer.finish()
    assert len(pauses) == (4 if store.database.embedded else 0)


def test_a_connection_that_is_removed_takes_its_rows_along(store: Store, import_texts: Import) -> None:
    import_texts({"skill": skills(1)}, source="acme")
    import_texts({"skill": skills(1, 2)}, source="lms")
    store.connections.remove("acme")
    assert rows(store) == 2
    assert not store.imports.finished("acme", "skill")


def test_a_completion_finds_its_ties_through_the_indexes(store: Store) -> None:
    (said,) = query_plans(store, lambda: store.imports.ties("x", ["x", "y"]))
    assert "imported_objects (object_id=?)" in said
    assert "imported_instances (instance_id=?)" in said
    assert "SCAN" not in said
