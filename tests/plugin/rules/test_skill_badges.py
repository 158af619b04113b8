from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from badgerelay.adapters.values import BadgeTemplate
from badgerelay.hooks import SkillCreated, SkillLevel
from badgerelay.plugin.engine.assembly import make_work
from badgerelay.plugin.engine.lanes import Lane
from badgerelay.plugin.integrations.relay import Relay
from badgerelay.plugin.rules.skill_badges import take_skill
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import HOSTS, Store

from ...support import add_rule

WHEN = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
NAMES = {"t-1": "Energy Isolation", "t-2": "Welding, level two", "t-3": "Graph Databases"}


@pytest.fixture
def store(store: Store) -> Store:
    for name in ("academy", "elsewhere"):
        store.connections.save(name, "provider", "credly", "", {}, {}, 1.0)
    store.connections.save("acme", "source", "alm", "", {"provider": ["academy"]}, {}, 1.0)
    found = [BadgeTemplate(key, name, "active") for key, name in NAMES.items()]
    found.append(BadgeTemplate("t-4", "Welding 1", "archived"))
    store.catalogue.synchronize("academy", found, 1.0)
    store.catalogue.synchronize("elsewhere", [BadgeTemplate("t-9", "Painting", "active")], 1.0)
    return store


def skill(*levels: SkillLevel, name: str = "Welding") -> SkillCreated:
    return SkillCreated("s-1", "moodle", WHEN, "skill-1", name, levels)


def states(store: Store) -> list[tuple[int, str, str | None]]:
    return [(row.level, row.state, row.template_id) for row in store.skills.all()]


def test_a_level_whose_badge_is_a_template_is_wired_at_once(store: Store) -> None:
    words = take_skill(store, "", "moodle", skill(SkillLevel(1, badge="t-1"), SkillLevel(2, badge="t-9")))
    assert words == "level 1 wired (t-1 of academy), level 2 wired (t-9 of elsewhere)"
    assert [
        (rule.source, rule.objects, rule.connection, rule.template_id, rule.origin) for rule in store.rules.all()
    ] == [
        ("moodle", ("skill:skill-1:1",), "academy", "t-1", "skill"),
        ("moodle", ("skill:skill-1:2",), "elsewhere", "t-9", "skill"),
    ]
    assert take_skill(store, "", "moodle", skill(SkillLevel(1, badge="t-1"), SkillLevel(2, badge="t-9"))) == words
    assert len(store.rules.all()) == 2


@pytest.mark.parametrize(
    ("level", "name", "expected"),
    [
        (SkillLevel(1), "ENERGY  isolation", "t-1"),
        (SkillLevel(1), "Energy isolatoin", "t-1"),
        (SkillLevel(2, "level two"), "welding,", "t-2"),
        (SkillLevel(3, "graph databases"), "Anything", "t-3"),
        (SkillLevel(1, badge="no-such-template"), "Painting", "t-9"),
    ],
)
def test_a_level_that_looks_like_a_template_is_suggested_and_no_more(
    level: SkillLevel, name: str, expected: str, store: Store
) -> None:
    take_skill(store, "", "moodle", skill(level, name=name))
    assert states(store) == [(level.level, "suggested", expected)]
    assert store.rules.all() == []


def test_the_same_name_is_nearer_than_one_that_is_alike(store: Store) -> None:
    found = [BadgeTemplate(f"t-{number}", f"Diving {number}", "active") for number in range(10, 30)]
    store.catalogue.synchronize("elsewhere", found, 2.0, accept_missing=True)
    take_skill(store, "", "moodle", skill(SkillLevel(1, "diving 27"), SkillLevel(2, "divin 27"), name="Under water"))
    assert states(store) == [(1, "suggested", "t-27"), (2, "suggested", "t-27")]


def test_a_level_without_a_similar_template_is_listed(store: Store) -> None:
    assert take_skill(store, "", "moodle", skill(SkillLevel(1), SkillLevel(2, badge="x"), name="Diving")) == (
        "level 1 unknown, level 2 unknown"
    )
    assert [row.note for row in store.skills.all()] == ["it has no badge", "its badge is not a template of ours"]
    assert take_skill(store, "", "moodle", SkillCreated("s", "moodle", WHEN, "skill-2", "Archery")) == "unknown"
    assert {level.skill_id for level in store.skills.all() if level.source == "moodle"} == {"skill-1", "skill-2"}
    assert not any(level.source == "acme" for level in store.skills.all())


def test_another_badge_of_a_level_replaces_the_earlier_one(store: Store) -> None:
    add_rule(store, "moodle", "skill:skill-1:1", "academy", "t-3")
    take_skill(store, "", "moodle", skill(SkillLevel(1, badge="t-1"), SkillLevel(2, badge="t-1")))
    take_skill(store, "", "canvas", skill(SkillLevel(1, badge="t-1")))
    take_skill(store, "", "moodle", skill(SkillLevel(1, badge="t-9"), SkillLevel(2)))
    assert [(rule.source, rule.objects[0], rule.template_id, rule.origin) for rule in store.rules.all()] == [
        ("moodle", "skill:skill-1:1", "t-3", "hand"),
        ("moodle", "skill:skill-1:2", "t-1", "skill"),
        ("canvas", "skill:skill-1:1", "t-1", "skill"),
        ("moodle", "skill:skill-1:1", "t-9", "skill"),
    ]


def test_a_badge_in_other_cases_of_letters_is_the_template_as_the_provider_writes_it(store: Store) -> None:
    take_skill(store, "", "moodle", skill(SkillLevel(1, badge="T-1")))
    assert states(store) == [(1, "wired", "t-1")]
    assert [rule.template_id for rule in store.rules.all()] == ["t-1"]


def test_nothing_is_wired_to_an_archived_template_or_one_that_two_connections_have(store: Store) -> None:
    store.catalogue.synchronize("elsewhere", [BadgeTemplate("t-1", NAMES["t-1"], "active")], 2.0, accept_missing=True)
    take_skill(store, "", "moodle", skill(SkillLevel(1, badge="t-4"), SkillLevel(2, badge="t-1"), name="Diving"))
    assert [state for _, state, _ in states(store)] == ["unknown", "suggested"]
    assert "several connections (academy, elsewhere)" in store.skills.all()[1].note
    assert store.rules.all() == []


def test_of_an_account_a_level_with_a_badge_needs_no_rule(store: Store) -> None:
    take_skill(store, "acme", "acme", skill(SkillLevel(1, badge="t-1"), SkillLevel(2, badge="t-9")))
    assert states(store) == [(1, "wired", "t-1"), (2, "unknown", None)]  # t-9 is of another provider connection
    assert store.rules.all() == []


def test_a_changed_level_replaces_the_known_one(store: Store) -> None:
    take_skill(store, "", "moodle", skill(SkillLevel(1)))
    first = store.skills.all()[0].created_at
    take_skill(store, "", "moodle", skill(SkillLevel(1, badge="t-3")))
    assert states(store) == [(1, "wired", "t-3")]
    assert store.skills.all()[0].created_at == first
    assert store.skills.all(state="suggested") == []


def test_a_hosts_skill_is_dealt_with_and_its_level_earned(store: Store, settings: Settings) -> None:
    from badgerelay.hooks import CourseCompleted, Learner, LearningObject

    relay = Relay(settings)
    relay.take(skill(SkillLevel(1, badge="t-1")))
    level = LearningObject("course", "skill:skill-1:1")
    relay.take(CourseCompleted("c-1", "moodle", WHEN, Learner("u", "rosa@example.org", "Rosa Lindqvist"), level))
    relay.close()
    make_work(store).do(Lane("decide", HOSTS), "owner", lambda _: None)
    created, completed = store.views.events()[::-1]
    assert (created["state"], created["reason"]) == ("done", "level 1 wired (t-1 of academy)")
    assert completed["state"] == "done"
    assert [award["template_id"] for award in store.views.awards()] == ["t-1"]


def test_hosts_have_rules_of_several_and_of_scores(store: Store, settings: Settings) -> None:
    from badgerelay.hooks import CourseCompleted, Learner, LearningObject

    add_rule(store, "moodle", ("a", "b"), "academy", "t-1")
    add_rule(store, "*", "a", "academy", "t-2", least_score=0.8)
    add_rule(store, "*", "b", "academy", "t-3", passed=False)
    relay = Relay(settings)

    def complete(number: int, object_id: str, **more: object) -> dict[str, object]:
        learner = Learner("u", "rosa@example.org", "Rosa Lindqvist")
        item = LearningObject("course", object_id)
        relay.take(CourseCompleted(f"c-{number}", "moodle", WHEN, learner, item, **more))  # type: ignore[arg-type]
        make_work(store).do(Lane("decide", HOSTS), "owner", lambda _: None)
        return store.views.events()[0]

    assert complete(1, "a", score=0.4)["reason"] == "1 of 2 of rule 1: missing b; score 0.4 is below 0.8 (rule 2)"
    assert complete(2, "b", passed=False)["state"] == "done"
    assert {award["template_id"] for award in store.views.awards()} == {"t-3"}
    assert complete(3, "b")["state"] == "done"
    assert complete(4, "a", score=0.9)["state"] == "done"
    assert {award["template_id"] for award in store.views.awards()} == {"t-1", "t-2", "t-3"}
    assert complete(5, "z", passed=False)["reason"] == "completed without passing"
    relay.close()


def test_a_take_while_another_takes_is_one_rule(
    store: Store, in_threads: Callable[[Callable[[], object]], None]
) -> None:
    in_threads(lambda: take_skill(store, "", "moodle", skill(SkillLevel(1, badge="t-1"))))
    assert len(store.rules.all()) == 1
    assert len(store.skills.all()) == 1


@pytest.fixture
def in_threads() -> Callable[[Callable[[], object]], None]:
    import threading

    def run(work: Callable[[], object]) -> None:
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    return run
