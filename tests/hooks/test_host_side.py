"""What a host sees of us: registration, hook calls that never raise, errors that name fields and quote nothing."""

from __future__ import annotations

import logging
import math
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pluggy
import pytest

from badgerelay import Relay, register
from badgerelay.hooks import (
    SCHEMAS,
    CourseCompleted,
    CsvImported,
    Learner,
    LearningObject,
    SkillCreated,
    SkillLevel,
    implementations,
    name_of,
    specifications,
)
from badgerelay.hooks.specs import HOST_CALLS, HOST_IMPLEMENTS
from badgerelay.plugin.runtime.settings import Settings, SettingsError, read_settings
from badgerelay.plugin.store import Store, open_store

from ..support import until

WHEN = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
EVENT = CourseCompleted(
    id="completion-1",
    source="moodle",
    occurred_at=WHEN,
    learner=Learner("u-1", "rosa@example.org"),
    learning_object=LearningObject("course", "course-1"),
)
SECRET = "rosa.private@example.org"


@pytest.fixture
def relays() -> Iterator[list[Relay]]:
    made: list[Relay] = []
    yield made
    for relay in made:
        relay.close()


class Neighbour:
    """Another plugin of the host's, called after ours or before."""

    def __init__(self, project: str) -> None:
        self.seen: list[Any] = []
        mark = pluggy.HookimplMarker(project)
        seen = self.seen

        class Plugin:
            @mark
            def course_completed(self, event: Any) -> None:
                seen.append(event)

        self.plugin = Plugin()


def stored(settings: Settings) -> list[dict[str, Any]]:
    store = open_store(settings)
    try:
        return store.views.events()
    finally:
        store.close()


@pytest.mark.parametrize("project", ["badgerelay", "openlms"])
def test_every_hook_is_registered_under_the_hosts_project(
    project: str, settings: Settings, relays: list[Relay]
) -> None:
    manager = pluggy.PluginManager(project)
    relays.append(register(manager, source="moodle", settings=settings))
    manager.check_pending()
    for name in HOST_CALLS:
        caller = getattr(manager.hook, name)
        assert caller.has_spec()
        assert len(caller.get_hookimpls()) == 1
    for name in HOST_IMPLEMENTS:
        assert getattr(manager.hook, name).has_spec()
    manager.hook.course_completed(event=EVENT)
    assert [row["event_id"] for row in stored(settings)] == ["completion-1"]


def test_a_host_keeps_its_own_specifications(settings: Settings, relays: list[Relay]) -> None:
    hookspec = pluggy.HookspecMarker("openlms")

    class Own:
        @hookspec
        def course_completed(self, event: Any, tenant: str) -> None:
            """The host's, with an argument more than ours."""

        @hookspec
        def something_else(self) -> None:
            """Not ours at all."""

    manager = pluggy.PluginManager("openlms")
    manager.add_hookspecs(Own)
    relays.append(register(manager, source="moodle", settings=settings))
    manager.check_pending()
    manager.hook.course_completed(event=EVENT, tenant="t")
    assert len(stored(settings)) == 1
    spec = manager.hook.course_completed.spec
    assert spec is not None
    assert spec.argnames == ("event", "tenant")


def test_a_host_that_has_specified_all_our_hooks_can_register(settings: Settings, relays: list[Relay]) -> None:
    manager = pluggy.PluginManager("openlms")
    manager.add_hookspecs(specifications("openlms"))
    relays.append(register(manager, source="moodle", settings=settings))
    manager.hook.course_completed(event=EVENT)
    assert len(stored(settings)) == 1


def test_registering_again_replaces_the_first_and_closes_its_relay(settings: Settings, relays: list[Relay]) -> None:
    manager = pluggy.PluginManager("openlms")
    relays.append(register(manager, source="moodle", engine=True, settings=settings))
    before = {thread.name for thread in threading.enumerate()}
    assert "badgerelay-dispatcher" in before
    relays.append(register(manager, source="moodle", settings=settings))
    dispatchers = [thread for thread in threading.enumerate() if thread.name == "badgerelay-dispatcher"]
    assert len(dispatchers) == 1
    assert len(manager.hook.course_completed.get_hookimpls()) == 1
    manager.hook.course_completed(event=EVENT)
    assert len(stored(settings)) == 1


def test_an_event_is_stored_before_another_plugin_raises(settings: Settings, relays: list[Relay]) -> None:
    mark = pluggy.HookimplMarker("openlms")

    class Failing:
        @mark
        def course_completed(self, event: Any) -> None:
            raise RuntimeError("this plugin fails")

    manager = pluggy.PluginManager("openlms")
    relays.append(register(manager, source="moodle", settings=settings))
    manager.register(Failing())  # pluggy calls the last one first
    with pytest.raises(RuntimeError):
        manager.hook.course_completed(event=EVENT)
    assert len(stored(settings)) == 1


def test_packages_that_do_not_fit_are_said_at_registration(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, relays: list[Relay]
) -> None:
    monkeypatch.setitem(sys.modules, "badgerelay.plugin.engine.assembly", None)
    with pytest.raises(SettingsError, match="packages of this process"):
        relays.append(register(pluggy.PluginManager("openlms"), source="moodle", settings=settings))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_hook_call_waits_for_a_process_that_keeps_the_database_locked(
    settings: Settings, relays: list[Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("badgerelay.plugin.store.engines.BUSY_SECONDS", 0.1)
    manager = pluggy.PluginManager("openlms")
    relays.append(register(manager, source="moodle", settings=settings))
    other = sqlite3.connect(settings.home / "badgerelay.db", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.0, other.rollback)
    timer.start()
    manager.hook.course_completed(event=EVENT)
    timer.join()
    other.close()
    assert len(stored(settings)) == 1


def test_the_entry_point_takes_events_by_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGERELAY_HOME", str(settings.home))
    monkeypatch.setenv("BADGERELAY_DATABASE_URL", settings.database_url)
    manager = pluggy.PluginManager("badgerelay")
    manager.add_hookspecs(specifications())
    assert manager.load_setuptools_entrypoints("badgerelay") >= 1
    manager.check_pending()
    fresh = implementations(Relay().take)  # the entry point's own keeps the first environment that it met
    manager.unregister(manager.get_plugin("badgerelay"))
    manager.register(fresh, "badgerelay")
    manager.hook.course_completed(event=EVENT)
    assert len(stored(settings)) == 1


def test_registering_after_the_entry_point_stores_each_event_once(settings: Settings, relays: list[Relay]) -> None:
    manager = pluggy.PluginManager("badgerelay")
    manager.load_setuptools_entrypoints("badgerelay")
    relays.append(register(manager, source="moodle", settings=settings))
    manager.check_pending()
    assert len(manager.hook.course_completed.get_hookimpls()) == 1
    manager.hook.course_completed(event=EVENT)
    assert len(stored(settings)) == 1


def test_a_wrong_setting_is_said_at_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BADGERELAY_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match="BADGERELAY_LOG_FORMAT"):
        register(pluggy.PluginManager("badgerelay"), source="moodle")


def test_a_wrong_setting_is_logged_by_its_name_when_an_event_comes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("BADGERELAY_LOG_FORMAT", "xml")
    implementations(Relay().take).course_completed(event=EVENT)
    assert "BADGERELAY_LOG_FORMAT" in caplog.text


def broken(tmp_path: Path) -> Settings:
    """Settings whose database cannot be opened, until :func:`repaired`."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / "badgerelay.db").mkdir()
    return read_settings({"BADGERELAY_HOME": str(home)})


def repaired(settings: Settings, database: Path) -> None:
    (settings.home / "badgerelay.db").rmdir()
    shutil.copy(database, settings.home / "badgerelay.db")


@pytest.mark.parametrize("first", [True, False], ids=["the neighbour first", "we first"])
def test_without_a_database_the_host_goes_on_and_the_log_says_so(
    first: bool, tmp_path: Path, upgraded_sqlite: Path, relays: list[Relay], caplog: pytest.LogCaptureFixture
) -> None:
    settings = broken(tmp_path)
    manager, neighbour = pluggy.PluginManager("openlms"), Neighbour("openlms")
    if first:
        manager.register(neighbour.plugin)
    relays.append(register(manager, source="moodle", engine=True, settings=settings))
    if not first:
        manager.register(neighbour.plugin)
    manager.check_pending()
    caplog.clear()
    manager.hook.course_completed(event=EVENT)
    assert neighbour.seen == [EVENT]
    (record,) = [record for record in caplog.records if record.name == "badgerelay.hooks"]
    assert record.levelno == logging.ERROR
    assert "completion-1" in record.getMessage()
    assert record.exc_info is None
    assert "rosa" not in caplog.text
    repaired(settings, upgraded_sqlite)
    manager.hook.course_completed(event=replace(EVENT, id="completion-2"))
    until(lambda: any(row["state"] == "ignored" for row in stored(settings)), 10)
    assert [row["event_id"] for row in stored(settings)] == ["completion-2"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "id"),
    ({"id": "x" * 10_000}, "id"),
    ({"id": None}, "id"),
    ({"id": "nul\x00"}, "id"),
    ({"id": "lone \ud800"}, "id"),
    ({"source": f"with blanks {SECRET}"}, "source"),
    ({"source": "alm:70412"}, "source"),
    ({"occurred_at": SECRET}, "occurred_at"),
    ({"occurred_at": None}, "occurred_at"),
    ({"occurred_at": datetime(2026, 3, 2)}, "occurred_at"),  # noqa: DTZ001 (naive on purpose)
    ({"occurred_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))}, "occurred_at"),
    ({"occurred_at": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14)))}, "occurred_at"),
    ({"learner": None}, "learner"),
    ({"learner": SECRET}, "learner"),
    ({"learner": Learner("x" * 300, SECRET)}, "learner"),
    ({"learner": Learner("u", SECRET * 100)}, "email"),
    ({"learner": Learner("u", name="\ud800")}, "name"),
    ({"learning_object": LearningObject(SECRET, "c")}, "kind"),  # type: ignore[arg-type]
    ({"learning_object": LearningObject("course", "")}, "id"),
    ({"passed": SECRET}, "passed"),
    ({"score": SECRET}, "score"),
    ({"score": math.nan}, "score"),
    ({"score": math.inf}, "score"),
    ({"extra": SECRET}, "extra"),
    ({"extra": {"a": math.nan}}, "extra"),
    ({"extra": {"a": object()}}, "extra"),
    ({"extra": {"a": b"bytes"}}, "extra"),
]


@pytest.mark.parametrize(("change", "named"), WRONG)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_event_that_cannot_be_is_refused_by_its_field_and_not_quoted(
    change: dict[str, Any], named: str, store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    relay = Relay(settings)
    with pytest.raises(ValueError, match=f"'{named}'") as caught:
        relay.take(replace(EVENT, **change))
    assert SECRET not in str(caught.value)
    implementations(relay.take).course_completed(event=replace(EVENT, **change))
    if "source" not in change:  # the source is what the line names the event by
        assert SECRET not in caplog.text
    assert store.views.events() == []
    relay.close()


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "event",
    [
        None,
        "an event",
        replace(EVENT, extra={"deep": deep(100_000)}),
        SkillCreated("s", "moodle", WHEN, "k", "n", levels=(SkillLevel("secret"),)),  # type: ignore[arg-type]
        SkillCreated("s", "moodle", WHEN, "k", "n", levels=None),  # type: ignore[arg-type]
        CsvImported("c", "moodle", WHEN, "badge"),
        CsvImported("c", "moodle", WHEN, "badge", path="p", content="c"),
        CsvImported("c", "moodle", WHEN, "badge", content="x" * (8 * 1024 * 1024 + 1)),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_a_host_calls_with_nothing_is_raised_into_it(
    event: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    relay = Relay(settings)
    ours = implementations(relay.take)
    for hook in (ours.course_completed, ours.skill_created, ours.csv_imported):
        hook(event=event)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 3
    assert "Traceback" not in caplog.text
    assert stored(settings) == []
    relay.close()


def test_an_id_that_is_a_number_is_taken_as_text(settings: Settings) -> None:
    relay = Relay(settings)
    relay.take(replace(EVENT, id=17, learner=Learner(4), learning_object=LearningObject("course", 9)))  # type: ignore[arg-type]
    (row,) = stored(settings)
    assert (row["event_id"], row["learner_id"], row["learning_object_id"]) == ("17", "4", "9")
    relay.close()


@pytest.mark.parametrize(
    "event",
    [
        replace(EVENT, passed=True, score=0.9, extra={"grade": "A", "deep": deep(50), "text": "\ud800"}),
        SkillCreated("s", "moodle", WHEN, "k", "Schweißen", levels=(SkillLevel(1, "One", "b-1"), SkillLevel(2))),
        CsvImported("c", "moodle", WHEN, "badge", path="/srv/badge.csv"),
        CsvImported("c", "moodle", WHEN, "badge", content="id\n1\n"),
    ],
    ids=["course", "skill", "path", "content"],
)
def test_an_event_travels_as_json_and_comes_back_the_same(event: Any) -> None:
    schema = SCHEMAS[name_of(event)]()
    assert schema.load(schema.dump(event)) == event


def test_one_relay_takes_events_from_many_threads(settings: Settings) -> None:
    relay = Relay(settings)

    def take_five(number: int) -> None:
        for turn in range(5):
            relay.take(replace(EVENT, id=f"{number}-{turn}"))

    threads = [threading.Thread(target=take_five, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = open_store(settings)
    assert len(store.views.events(limit=1000)) == 60
    store.close()
    relay.close()


def test_a_closed_relay_opens_again_for_an_event(settings: Settings) -> None:
    relay = Relay(settings)
    relay.take(EVENT)
    relay.close()
    relay.take(replace(EVENT, id="completion-2"))
    relay.close()
    assert len(stored(settings)) == 2


def test_our_implementations_fit_our_specifications() -> None:
    calls: list[Callable[..., None]] = []
    manager = pluggy.PluginManager("badgerelay")
    manager.add_hookspecs(specifications())
    manager.register(implementations(calls.append))  # type: ignore[arg-type]
    manager.check_pending()
