"""A host's csv_imported events: from the hook call to the imported rows, or to the problems."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pluggy
import pytest
import sqlalchemy as sa

from badgerelay import register
from badgerelay.hooks import CourseCompleted, CsvImported, Learner, LearningObject
from badgerelay.plugin.engine.assembly import make_work
from badgerelay.plugin.engine.celery.publisher import Publisher
from badgerelay.plugin.engine.lanes import Lane
from badgerelay.plugin.rules.imported import imported_rules
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.sources.host.csv_events import MAX_BYTES
from badgerelay.plugin.sources.host.source import FILE_SECONDS
from badgerelay.plugin.store import HOSTS, IMPORTS, Store
from badgerelay.plugin.store.history import changes_of
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import events

from ....support import COURSE_TEMPLATE, add_rule, connect_credly, forget_templates, set_faults, until
from ...csv_import.conftest import text_of

WHEN = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
BADGE = {"externalBadgeId": COURSE_TEMPLATE, "externalBadgeProvider": "credly"}

COMPLETED = CourseCompleted(
    "e-1", "moodle", WHEN, Learner("u-1", "rosa@example.org"), LearningObject("course", "c-1")
)

Imported = Callable[..., dict[str, Any]]


@pytest.fixture
def credly(store: Store, serve_app: Callable[..., str]) -> str:
    url = serve_app("credly")
    connect_credly(store, url)
    return url


@pytest.fixture
def imported(store: Store, credly: str, settings: Settings) -> Iterator[Imported]:
    """Calls the hook and waits; gives the event."""
    manager = pluggy.PluginManager("badgerelay")
    relay = register(manager, source="moodle", settings=settings, engine=True)

    def call(kind: str, **what: str) -> dict[str, Any]:
        number = len(store.views.events()) + 1
        manager.hook.csv_imported(event=CsvImported(f"c-{number}", "moodle", WHEN, kind, **what))

        def decided() -> dict[str, Any] | None:
            found = next((row for row in store.views.events() if row["event_id"] == f"c-{number}"), None)
            return None if found is None or found["state"] == "received" else found

        event: dict[str, Any] = until(decided, 60.0)
        return event

    yield call
    relay.close()


def folder_of(store: Store) -> Path:
    assert store.imports_folder is not None
    store.imports_folder.mkdir(parents=True, exist_ok=True)
    return store.imports_folder


def test_a_content_is_imported_and_ties_its_badges(store: Store, imported: Imported) -> None:
    event = imported("badge", content=text_of("badge", BADGE))
    assert event["state"] == "done"
    with store.database.read() as transaction:
        said = [change["cause"] for change in changes_of(transaction, event_id=event["id"])]
    assert "imported badge.csv: 1 rows, 1 added, 0 changed, 0 unchanged, 0 bad" in said
    assert imported("certification.csv", content=text_of("certification", {"badgeId": "BDG-1"}))["state"] == "done"
    assert [rule.template_id for rule in imported_rules(store, "moodle", ["CRT-1"])] == [COURSE_TEMPLATE]


def test_a_path_in_the_allowed_folder_is_imported_and_one_that_leads_out_is_refused(
    store: Store, imported: Imported, tmp_path: Path
) -> None:
    folder = folder_of(store)
    (folder / "of-today.csv").write_text(text_of("badge", BADGE))
    (tmp_path / "badge.csv").write_text(text_of("badge", BADGE))
    (folder / "link.csv").symlink_to(tmp_path / "badge.csv")
    assert imported("badge", path="of-today.csv")["state"] == "done"
    assert imported("badge", path=str(folder / "of-today.csv"))["state"] == "done"
    for path in (str(tmp_path / "badge.csv"), "../../badge.csv", "link.csv"):
        event = imported("badge", path=path)
        assert (event["state"], "outside_folder" in event["reason"]) == ("dead", True)
        assert str(tmp_path) not in event["reason"]
    for path in ("nothing.csv", "of-today.csv/x", "a" * 300, "."):
        event = imported("badge", path=path)
        assert (event["state"], "is refused (" in event["reason"]) == ("dead", True)


def test_bad_rows_make_the_event_dead_and_it_can_be_replayed_once_mended(store: Store, imported: Imported) -> None:
    file = folder_of(store) / "badge.csv"
    file.write_text(text_of("badge", {**BADGE, "state": "Actve"}))
    event = imported("badge", path="badge.csv")
    assert event["state"] == "dead"
    assert "badge.csv, line 2, column state: 'Actve' is neither Active nor Retired [bad_state]" in event["reason"]
    file.write_text(text_of("badge", BADGE))
    store.repair.replay(Chosen(ids=(event["id"],)), store.now)
    until(lambda: store.views.counts()["events"] == {"done": 1}, 60.0)


@pytest.mark.parametrize(
    "content", ["", "\0", "a\0b", "PK\x03\x04", '"', "id\n" * 3, "\ud800", "=cmd()", "," * 10_000]
)
def test_hostile_content_ends_in_a_dead_event(content: str, imported: Imported) -> None:
    event = imported("badge", content=content)
    assert event["state"] == "dead"
    assert event["reason"].startswith("badge.csv is refused (")


def test_files_of_unknown_kinds_are_ignored_and_say_so(imported: Imported) -> None:
    event = imported("job_aid", content="id\n1\n")
    assert (event["state"], "job_aid" in event["reason"]) == ("ignored", True)


def test_while_the_provider_fails_the_event_waits(store: Store, credly: str, imported: Imported) -> None:
    forget_templates(store)
    set_faults(credly, "500=1")
    event = imported("badge", content=text_of("badge", BADGE))
    assert event["state"] == "waiting"


def test_without_a_provider_connection_the_reason_says_what_to_do(store: Store, imported: Imported) -> None:
    store.connections.remove("academy")
    event = imported("badge", content=text_of("badge", BADGE))
    assert (event["state"], "[not_connected]; connect it with" in event["reason"]) == ("dead", True)
    assert imported("badge", content=text_of("badge", {}))["state"] == "done"


def test_a_file_waits_for_an_earlier_one_that_it_refers_to(store: Store, credly: str, imported: Imported) -> None:
    forget_templates(store)
    set_faults(credly, "500=1")
    badge = imported("badge", content=text_of("badge", BADGE))
    certification = text_of("certification", {"badgeId": "BDG-1"})
    waiting = imported("certification", content=certification)
    assert (waiting["state"], f"event {badge['id']} comes first" in waiting["reason"]) == ("waiting", True)
    wrong = imported("certification", content=certification.replace("30", "none"))
    assert (wrong["state"], "[bad_number]" in wrong["reason"]) == ("dead", True)
    set_faults(credly, "")
    with store.database.write() as transaction:
        transaction.execute(sa.update(events).where(events.c.state == "waiting").values(due_at=0.0))
    until(lambda: store.views.counts()["events"] == {"done": 2, "dead": 1}, 60.0)


def test_a_file_does_not_wait_for_later_files_or_other_sources(store: Store, credly: str, imported: Imported) -> None:
    forget_templates(store)
    set_faults(credly, "500=1")
    early = imported("certification", content=text_of("certification", {"badgeId": "BDG-1"}))
    assert imported("badge", content=text_of("badge", BADGE))["state"] == "waiting"
    store.repair.replay(Chosen(ids=(early["id"],)), store.now)
    until(lambda: store.views.counts()["events"] == {"dead": 1, "waiting": 1}, 60.0)
    with store.database.write() as transaction:
        transaction.execute(sa.update(events).where(events.c.state == "waiting").values(source="canvas"))
    assert imported("certification", content=text_of("certification", {"badgeId": "BDG-1"}))["state"] == "dead"


@pytest.fixture
def unworked(store: Store, settings: Settings) -> Iterator[Any]:
    """The hooks of a host whose events nobody works on: three files and a completion are there."""
    manager = pluggy.PluginManager("badgerelay")
    relay = register(manager, source="moodle", settings=settings)
    for number in range(3):
        file = CsvImported(f"c-{number}", "moodle", WHEN, "skill", content=text_of("skill", {"id": f"SK-{number}"}))
        manager.hook.csv_imported(event=file)
    manager.hook.course_completed(event=COMPLETED)
    yield manager.hook
    relay.close()


def do(store: Store, lane: str) -> bool:
    return make_work(store).do(Lane("decide", lane), "owner", lambda _: None)


def test_files_are_imported_one_at_a_time_while_completions_with_a_rule_go_on(
    store: Store, credly: str, unworked: Any
) -> None:
    add_rule(store, "moodle", ("c-1",), "academy", COURSE_TEMPLATE)
    assert make_work(store).due() == [Lane("decide", HOSTS), Lane("decide", IMPORTS)]
    assert make_work(store, {"moodle": unworked}, hosts_only=True).due() == []
    assert do(store, HOSTS) is False
    assert store.views.counts()["events"] == {"received": 3, "done": 1}
    for done in (2, 3, 4):
        assert do(store, IMPORTS) is True
        assert store.views.counts()["events"]["done"] == done
    assert do(store, IMPORTS) is False


def test_a_completion_that_nothing_ties_waits_for_the_files_that_came_before_it(
    store: Store, credly: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = pluggy.PluginManager("badgerelay")
    relay = register(manager, source="moodle", settings=settings)
    files = {
        "badge": text_of("badge", BADGE),
        "course_instance": text_of("course_instance", {"courseId": "c-1", "badgeId": "BDG-1"}),
    }
    for number, (kind, content) in enumerate(files.items()):
        manager.hook.csv_imported(event=CsvImported(f"c-{number}", "moodle", WHEN, kind, content=content))
    manager.hook.course_completed(event=COMPLETED)
    manager.hook.csv_imported(event=CsvImported("c-9", "moodle", WHEN, "skill", content=text_of("skill", {})))
    do(store, HOSTS)
    waits = next(row for row in store.views.events() if row["event_id"] == "e-1")
    assert (waits["state"], waits["reason"][:7]) == ("waiting", "event 2")
    while do(store, IMPORTS):
        pass
    later = store.now() + FILE_SECONDS
    monkeypatch.setattr(store, "now", lambda: later)
    do(store, HOSTS)
    assert store.views.counts()["events"] == {"done": 4}
    assert [award["template_id"] for award in store.views.awards()] == [COURSE_TEMPLATE]
    relay.close()


def test_files_that_an_older_version_left_among_the_completions_are_imported(store: Store, unworked: Any) -> None:
    with store.database.write() as transaction:
        transaction.execute(sa.update(events).values(lane=HOSTS))
    do(store, HOSTS)
    assert store.views.counts()["events"] == {"done": 3, "ignored": 1}


def test_workers_are_notified_of_the_lane_with_new_work(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    notified: list[Lane] = []

    class Sender:
        def send(self, lane: Lane) -> None:
            notified.append(lane)

        def close(self) -> None:
            pass

    monkeypatch.setattr("badgerelay.plugin.integrations.relay._make_publisher", lambda _: Publisher(Sender()))
    manager = pluggy.PluginManager("badgerelay")
    relay = register(manager, source="moodle", settings=settings)
    manager.hook.csv_imported(event=CsvImported("c-1", "moodle", WHEN, "skill", content="id\n"))
    until(lambda: notified == [Lane("decide", IMPORTS)])
    manager.hook.course_completed(event=COMPLETED)
    until(lambda: notified == [Lane("decide", IMPORTS), Lane("decide", HOSTS)])
    relay.close()


def test_while_the_rows_cannot_be_kept_the_event_waits(
    imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    event = imported("skill", content=text_of("skill", {}))
    assert event["state"] == "waiting"
    assert event["reason"].startswith(f"the rows cannot be stored in {tmp_path / 'gone'}: No such file")


def test_a_file_that_is_too_large_for_an_event_is_refused_with_a_hint(store: Store, imported: Imported) -> None:
    with (folder_of(store) / "skill.csv").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    event = imported("skill", path="skill.csv")
    assert event["reason"].endswith("split it, or give `badgerelay import` a larger --max-bytes")
