"""An LMS host's completions, from the hook call to the notice that the host gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pluggy
import pytest

from badgerelay import Relay, register
from badgerelay.hooks import AwardNotice, CourseCompleted, Learner, LearningObject
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store

from ....support import TEMPLATE, add_rule, badges, connect_credly, counts, set_faults, until

WHEN = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)


def completed(number: int = 1, *, email: str | None = "rosa@example.org", **changes: Any) -> CourseCompleted:
    values: dict[str, Any] = {
        "id": f"completion-{number}",
        "source": "moodle",
        "occurred_at": WHEN,
        "learner": Learner(f"u-{number}", email, name="Rosa Lindqvist"),
        "learning_object": LearningObject("course", "course-1"),
    }
    return CourseCompleted(**{**values, **changes})


@dataclass
class Host:
    """A host with a plugin of its own that answers and listens.

    :ivar failures: calls of badge_issued and badge_rejected that are still to raise.
    """

    project: str = "badgerelay"
    addresses: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    issued: list[AwardNotice] = field(default_factory=list)
    rejected: list[tuple[AwardNotice, str]] = field(default_factory=list)
    failures: int = 0

    def __post_init__(self) -> None:
        self.manager = pluggy.PluginManager(self.project)
        mark = pluggy.HookimplMarker(self.project)
        host = self

        class Listening:
            @mark
            def resolve_learner(self, source: str, learner_id: str) -> Learner | None:
                host.asked.append((source, learner_id))
                address = host.addresses.get(learner_id)
                return Learner(learner_id, address, name="Wei Chen") if address else None

            @mark
            def badge_issued(self, award: AwardNotice) -> None:
                host.issued.append(award)
                host.fail_perhaps()

            @mark
            def badge_rejected(self, award: AwardNotice, reason: str) -> None:
                host.rejected.append((award, reason))
                host.fail_perhaps()

        self.manager.register(Listening())

    def fail_perhaps(self) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("rosa@example.org was not given")


@pytest.fixture
def credly(store: Store, serve_app: Callable[..., str]) -> str:
    url = serve_app("credly")
    connect_credly(store, url, max_age="unlimited")
    add_rule(store, "moodle", "course-1", "academy", TEMPLATE)
    return url


@pytest.fixture
def registered(settings: Settings) -> Iterator[Callable[..., Relay]]:
    relays: list[Relay] = []

    def make(host: Host, **options: Any) -> Relay:
        relays.append(register(host.manager, source="moodle", settings=settings, **options))
        return relays[-1]

    yield make
    for relay in relays:
        relay.close()


@pytest.fixture
def worker(store: Store) -> Iterator[Callable[[], None]]:
    """Starts an engine as ``badgerelay worker`` has it: it knows no host."""
    engines = []

    def start() -> None:
        engine = make_engine(store)
        engine.start()
        engines.append(engine)

    yield start
    for engine in engines:
        engine.stop()


@pytest.mark.parametrize("project", ["badgerelay", "openlms"])
def test_a_host_completes_a_course_and_learns_of_the_badge(
    project: str, store: Store, credly: str, registered: Callable[..., Relay]
) -> None:
    host = Host(project)
    registered(host, engine=True)
    host.manager.check_pending()
    host.manager.hook.course_completed(event=completed())
    until(lambda: host.issued)
    (badge,) = badges(credly)
    (notice,) = host.issued
    assert badge["issuer_earner_id"] == "moodle:u-1"
    assert badge["recipient_email"] == "rosa@example.org"
    assert (badge["issued_to_first_name"], badge["issued_to_last_name"]) == ("Rosa", "Lindqvist")
    assert (notice.event_id, notice.learner_id, notice.state) == ("completion-1", "u-1", "issued")
    assert (notice.badge_id, notice.issued_at, notice.source) == (badge["id"], WHEN, "moodle")
    assert host.asked == []
    until(lambda: store.views.counts()["events"] == {"done": 1})


def test_another_process_issues_and_the_host_is_notified(
    credly: str, registered: Callable[..., Relay], worker: Callable[[], None]
) -> None:
    host = Host()
    registered(host)
    worker()
    host.manager.hook.course_completed(event=completed())
    until(lambda: host.issued)
    assert counts(credly)["total"] == 1


def test_only_the_hosts_own_process_is_asked_for_the_learner(
    store: Store, credly: str, registered: Callable[..., Relay], worker: Callable[[], None]
) -> None:
    worker()
    first = Host()
    relay = registered(first)
    first.manager.hook.course_completed(event=completed(email=None))
    until(lambda: first.asked)
    relay.close()
    (event,) = until(lambda: store.views.events(state="waiting"))
    assert "resolve_learner" in event["reason"]
    assert counts(credly)["total"] == 0
    again = Host(addresses={"u-1": " Wei.Chen@Example.org "})  # after a restart
    registered(again)
    until(lambda: again.issued, 30)
    assert again.asked[0] == ("moodle", "u-1")
    (badge,) = badges(credly)
    assert (badge["recipient_email"], badge["issued_to_last_name"]) == ("wei.chen@example.org", "Chen")


def test_an_event_waits_for_its_host_where_no_process_has_it(
    store: Store, settings: Settings, credly: str, worker: Callable[[], None]
) -> None:
    alone = Relay(settings)
    alone.take(completed(email=None))
    worker()
    (event,) = until(lambda: store.views.events(state="waiting"))
    assert "waiting for the host" in event["reason"]
    alone.close()


def test_a_host_that_raises_is_notified_again(credly: str, registered: Callable[..., Relay]) -> None:
    host = Host(failures=2)
    registered(host, engine=True)
    host.manager.hook.course_completed(event=completed())
    until(lambda: len(host.issued) == 3, 30)
    assert len({notice.id for notice in host.issued}) == 1


def test_a_host_that_restarts_gets_the_missed_notices(
    store: Store, credly: str, registered: Callable[..., Relay], worker: Callable[[], None]
) -> None:
    gone = Host()
    relay = registered(gone)
    gone.manager.hook.course_completed(event=completed())
    relay.close()
    worker()
    until(lambda: store.views.counts()["awards"] == {"issued": 1})
    again = Host()
    registered(again)
    until(lambda: again.issued)
    assert gone.issued == []


def test_a_rejection_reaches_the_host_with_its_reason(
    store: Store, credly: str, registered: Callable[..., Relay]
) -> None:
    add_rule(store, "moodle", "course-2", "academy", "no-such-template")
    host = Host(failures=1)
    registered(host, engine=True)
    host.manager.hook.course_completed(event=completed(learning_object=LearningObject("course", "course-2")))
    until(lambda: len(host.rejected) == 2)
    notice, reason = host.rejected[0]
    assert (notice.state, notice.badge_id) == ("rejected", None)
    assert "invalid_template" in reason


def test_a_lost_answer_is_one_badge_and_one_piece_of_news(credly: str, registered: Callable[..., Relay]) -> None:
    set_faults(credly, "lost=#1")
    host = Host()
    registered(host, engine=True)
    host.manager.hook.course_completed(event=completed())
    until(lambda: host.issued, 30)
    assert counts(credly)["total"] == 1


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (completed(passed=False), "without passing"),
        (completed(learning_object=LearningObject("course", "course-9")), "badgerelay rules add"),
    ],
)
def test_a_completion_that_earns_nothing_says_why(
    event: CourseCompleted, reason: str, store: Store, credly: str, registered: Callable[..., Relay]
) -> None:
    host = Host()
    registered(host, engine=True)
    host.manager.hook.course_completed(event=event)
    (row,) = until(lambda: store.views.events(state="ignored"))
    assert reason in row["reason"]


def test_the_same_completion_again_is_one_badge(store: Store, credly: str, registered: Callable[..., Relay]) -> None:
    host = Host()
    registered(host, engine=True)
    for _ in range(3):
        host.manager.hook.course_completed(event=completed())
    host.manager.hook.course_completed(event=completed(id="another-id"))
    until(lambda: store.views.counts()["events"] == {"done": 2})
    until(lambda: host.issued)
    assert counts(credly)["total"] == 1
    assert len(host.issued) == 1


def test_an_instance_has_a_rule_of_its_own(store: Store, credly: str, registered: Callable[..., Relay]) -> None:
    add_rule(store, "*", "run-7", "academy", TEMPLATE)
    host = Host()
    registered(host, engine=True)
    session = LearningObject("course", "course-9", instance_id="run-7")
    host.manager.hook.course_completed(event=completed(learning_object=session))
    until(lambda: host.issued)
