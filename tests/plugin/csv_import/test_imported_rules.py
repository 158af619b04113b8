"""Badges that follow from imported files, for an LMS host and for an ALM account, with Credly's sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from badgerelay.plugin.rules.imported import imported_rules
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.catalogue.rules import Rule

from ...support import COURSE_TEMPLATE, TEMPLATE, connect_credly
from .conftest import Import, text_of

LOTO = {"id": "B-1", "externalBadgeId": COURSE_TEMPLATE.upper(), "externalBadgeProvider": "Credly"}
SAFE = {"id": "B-2", "externalBadgeId": TEMPLATE, "externalBadgeProvider": "credly"}
RETIRED = {"id": "B-3", "externalBadgeId": TEMPLATE, "externalBadgeProvider": "credly", "state": "Retired"}
OTHER = {"id": "B-4", "externalBadgeId": "x-1", "externalBadgeProvider": "another"}


@pytest.fixture
def ties(store: Store, import_texts: Import, serve_app: Callable[..., str]) -> Callable[..., list[tuple[str, str]]]:
    """Imports badges and what is given; asks for an object and its instance; gives what ties and the template."""
    connect_credly(store, serve_app("credly"))

    def ask(
        *ids: str, source: str = "lms", kind: str | None = None, files: dict[str, str] | None = None
    ) -> list[tuple[str, str]]:
        if files is not None:
            _, problems = import_texts({"badge": text_of("badge", LOTO, SAFE, RETIRED, OTHER), **files}, source)
            assert problems == []
        found = imported_rules(store, source, ids[:1], ids[1] if len(ids) > 1 else None, kind)
        return [(rule.objects[0], rule.template_id) for rule in found]

    return ask


Ties = Callable[..., list[tuple[str, str]]]


def test_an_instance_a_certification_and_a_skill_level_tie_their_badge(store: Store, ties: Ties) -> None:
    files = {
        "skill": text_of("skill", {}),
        "skill_level": text_of("skill_level", {"badgeId": "B-2"}),
        "course_instance": text_of("course_instance", {"badgeId": "B-1"}),
        "learning_program_instance": text_of("learning_program_instance", {"badgeId": "B-2"}),
        "certification": text_of("certification", {"badgeId": "B-1"}),
    }
    assert ties("CRS-1", "INS-1", files=files) == [("INS-1", COURSE_TEMPLATE)]
    assert ties("LP-1", "INS-2") == [("INS-2", TEMPLATE)]
    assert ties("CRT-1") == [("CRT-1", COURSE_TEMPLATE)]
    assert ties("skill:SK-1:1") == [("skill:SK-1:1", TEMPLATE)]
    assert ties("CRS-1", "INS-1", source="another-lms") == []
    assert ties("nothing") == ties() == []
    (rule,) = imported_rules(store, "lms", ["CRT-1"])
    assert rule == Rule("lms", "academy", COURSE_TEMPLATE, ("CRT-1",), origin="import")


def test_a_badge_that_is_retired_or_of_an_unknown_provider_ties_nothing(ties: Ties) -> None:
    rows = [{"id": "C-1", "badgeId": "B-3"}, {"id": "C-2", "badgeId": "B-4"}, {"id": "C-3"}]
    assert ties("C-1", files={"certification": text_of("certification", *rows)}) == []
    assert ties("C-2") == ties("C-3") == []


def test_a_course_has_the_badge_that_all_its_instances_have(ties: Ties) -> None:
    rows = [
        {"instanceId": "1", "badgeId": "B-1"},
        {"instanceId": "2", "badgeId": "B-1"},
        {"courseId": "CRS-2", "instanceId": "1", "badgeId": "B-1"},
        {"courseId": "CRS-2", "instanceId": "2", "badgeId": "B-2"},
        {"courseId": "CRS-3", "instanceId": "9", "badgeId": "B-1"},
        {"courseId": "CRS-3", "instanceId": "8"},
    ]
    assert ties("CRS-1", files={"course_instance": text_of("course_instance", *rows)}) == [("CRS-1", COURSE_TEMPLATE)]
    assert ties("CRS-2") == []
    assert ties("CRS-2", "2") == [("2", TEMPLATE)]
    assert ties("CRS-3") == []
    assert ties("CRS-3", "8") == []
    assert ties("2") == []  # of which course?
    assert ties("9") == [("9", COURSE_TEMPLATE)]
    assert ties("CRS-4", "9") == []  # another course's instance of that number


def test_an_id_that_another_kind_has_too_ties_nothing(ties: Ties) -> None:
    files = {
        "course_instance": text_of("course_instance", {"courseId": "A", "instanceId": "1", "badgeId": "B-1"}),
        "learning_program_instance": text_of(
            "learning_program_instance", {"learningProgramId": "5", "instanceId": "2", "badgeId": "B-1"}
        ),
        "certification": text_of("certification", {"id": "5", "badgeId": "B-2"}),
    }
    assert ties("B", "1", kind="course", files=files) == []
    assert ties("A", "1", kind="course") == [("1", COURSE_TEMPLATE)]
    assert ties("5", kind="course") == ties("9", "5", kind="course") == ties("A", "1", kind="learning_path") == []
    assert ties("5", kind="learning_path") == [("5", COURSE_TEMPLATE)]
    assert ties("5", kind="certification") == [("5", TEMPLATE)]


def test_of_an_alm_account_alms_own_ids_count(store: Store, ties: Ties) -> None:
    store.connections.save("acme", "source", "alm", "70412", {"provider": ["academy"]}, {}, store.now())
    rows = [
        {"courseId": "", "almCourseId": "8801234", "instanceId": "17700456", "badgeId": "B-1"},
        {"courseId": "8809999", "instanceId": "1", "badgeId": "B-2"},
    ]
    files = {
        "course_instance": text_of("course_instance", *rows),
        "certification": text_of("certification", {"id": "certification:171020", "badgeId": "B-2"}),
    }
    ids = ("course:8801234", "course:8801234_17700456")
    assert ties(*ids, source="acme", files=files) == [(ids[1], COURSE_TEMPLATE)]
    assert ties(ids[0], "course:8801234_1", source="acme") == [(ids[0], COURSE_TEMPLATE)]
    assert ties("course:8809999", source="acme") == []  # the source LMS's number, not ALM's
    assert ties("certification:171020", source="acme") == [("certification:171020", TEMPLATE)]


def test_the_newest_import_decides(store: Store, ties: Ties) -> None:
    assert ties("CRT-1", files={"certification": text_of("certification", {"badgeId": "B-1"})}) == [
        ("CRT-1", COURSE_TEMPLATE)
    ]
    assert ties("CRT-1", files={"certification": text_of("certification", {"badgeId": "B-2"})}) == [
        ("CRT-1", TEMPLATE)
    ]
    assert ties("CRT-1", files={"certification": text_of("certification", {})}) == []


def test_badges_of_a_removed_connection_tie_nothing(store: Store, ties: Ties) -> None:
    assert ties("CRT-1", files={"certification": text_of("certification", {"badgeId": "B-1"})})
    store.connections.remove("academy")
    assert ties("CRT-1") == []
