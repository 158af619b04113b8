"""The number of requests for learners, counted by ALM's sandbox over real HTTP."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import requests
import responses

from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.sources.alm.api.connect import client_of
from badgerelay.plugin.sources.alm.api.jobs import start_users
from badgerelay.plugin.sources.alm.decide import learner_report
from badgerelay.plugin.sources.alm.decide.learner_report import JOBS_A_DAY, MANY, WAITS
from badgerelay.plugin.sources.alm.decide.learners import LearnerFetch
from badgerelay.plugin.sources.alm.decide.source import AlmSource
from badgerelay.plugin.sources.alm.sandbox.world import FIRST_LEARNER
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.answer_cache import Cache
from badgerelay.plugin.store.database import Database
from badgerelay.plugin.store.inbox.unknown_learners import UnknownLearners

from ....support import completion, connect_alm, connect_credly, until
from .test_client import API, user
from .test_source import GOOD, arrive, complete, connected, decided, object_url, wire, with_badge

__all__ = ["connected", "wire"]

LEARNERS, COURSES = 120, 6


class Clock:
    """The machine's clock, ahead by some seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    made = Store(Database(settings.database_url), open_vault(settings), Clock())
    yield made
    made.storage("acme").put("users_job", "", seconds=0.0)  # ends the thread that follows a report
    made.close()


class Account:
    """An ALM account with learners and courses, and its connection."""

    def __init__(self, store: Store, serve_app: Callable[..., str], **knobs: str) -> None:
        self.store = store
        connect_credly(store, serve_app("credly"), award_limit="unlimited", max_age="unlimited")
        pace = {"rate": "60000r/m", "burst": "1000"}  # no request waits
        world = {"learners": str(LEARNERS), "courses": str(COURSES), "job_seconds": "0", **pace}
        self.url = serve_app("alm", **world | knobs)
        connect_alm(store, self.url, max_age="unlimited")
        self.source = AlmSource(store, "acme")
        self.before = self._counts()
        self.arrived = 0

    def arrive(self, learners: range, courses: range = range(3)) -> None:
        objects = requests.get(f"{self.url}/_sandbox/world", timeout=5).json()["learningObjects"]
        instances = [each["instance_id"] for each in objects if each["name"].startswith("Course ")]
        events = [
            completion(str(FIRST_LEARNER + learner), instance=instances[(learner + course) % len(instances)])
            for course in courses
            for learner in learners
        ]
        arrive(self.store, *events)
        self.arrived += len(events)

    def decide(self) -> None:
        """Decide as the engine does, until no event is due."""
        while decide_batch(self.store, self.source, "acme", "owner"):
            pass

    def comes_to(self, states: dict[str, int]) -> bool:
        """Return whether the events have these states after all due ones are decided."""
        self.decide()
        return self.states == states

    @property
    def states(self) -> dict[str, int]:
        return self.store.views.counts()["events"]

    @property
    def asked(self) -> Counter[str]:
        """The requests since the account was connected, by kind."""
        return self._counts() - self.before

    def _counts(self) -> Counter[str]:
        answer = requests.get(f"{self.url}/_sandbox/requests", timeout=5).json()
        return Counter(answer["requests"])


LEARNING_OBJECT = "GET /learningObjects/<lo_id>"


def test_many_learners_cost_a_call_for_fifty_and_known_ones_nothing(
    store: Store, serve_app: Callable[..., str]
) -> None:
    account = Account(store, serve_app)
    account.arrive(range(LEARNERS))
    account.decide()
    assert account.states == {"done": 3 * LEARNERS}
    assert account.asked["GET /users"] == -(-LEARNERS // 50)
    assert account.asked[LEARNING_OBJECT] == COURSES - 1
    assert account.asked["GET /users/<user_id>"] == 0
    before = account.asked
    account.arrive(range(LEARNERS), range(3, 5))
    account.decide()
    assert account.states == {"done": 5 * LEARNERS}
    assert account.asked == before


def test_where_one_id_goes_into_a_call_few_are_asked_for_one_by_one(
    store: Store, serve_app: Callable[..., str]
) -> None:
    account = Account(store, serve_app, bulk="400")
    account.arrive(range(20), range(1))
    account.decide()
    assert account.states == {"done": 20}
    assert (account.asked["GET /users"], account.asked["GET /users/<user_id>"]) == (1, 20)
    assert account.asked["POST /jobs"] == 0


@pytest.mark.parametrize("bulk", ["400", "404"])
@pytest.mark.parametrize("columns", ["documented", "spelled"])
def test_where_many_are_unknown_they_come_from_one_list(
    bulk: str, columns: str, store: Store, serve_app: Callable[..., str]
) -> None:
    account = Account(store, serve_app, bulk=bulk, users_columns=columns)
    account.arrive(range(LEARNERS), range(2))
    account.decide()
    first = account.states["done"]
    assert first > 0
    until(lambda: account.comes_to({"done": 2 * LEARNERS}))
    assert account.asked["POST /jobs"] == 1
    assert account.asked["GET /jobs/<job_id>/download"] == 1
    assert account.asked["GET /users/<user_id>"] <= 20
    assert store.cache("acme").all("learner", newer_than=0.0).keys() == {
        str(FIRST_LEARNER + number) for number in range(LEARNERS)
    }


def test_while_a_list_is_made_those_who_are_known_do_not_wait(store: Store, serve_app: Callable[..., str]) -> None:
    account = Account(store, serve_app, bulk="400", job_seconds="3600")
    account.arrive(range(10), range(1))
    account.decide()
    account.arrive(range(10, LEARNERS), range(1))
    decide_batch(store, account.source, "acme", "owner")
    (waiting, *_) = store.views.events(state="waiting")
    assert waiting["reason"] == WAITS
    account.arrive(range(10), range(1, 3))
    before = account.asked["GET /users/<user_id>"]
    for _ in range(4):
        decide_batch(store, account.source, "acme", "owner")
    done = {event["learner_id"] for event in store.views.events(state="done", limit=10_000)}
    assert {str(FIRST_LEARNER + number) for number in range(10)} <= done
    assert store.views.counts()["events"]["done"] >= 30
    assert account.asked["GET /users/<user_id>"] == before
    assert {event["attempts"] for event in store.views.events(state="waiting", limit=10_000)} == {0}


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"jobs": "forbidden"}, "scope admin:write"),
        ({"jobs": "failing"}, "ALM failed to make the users' report"),
        ({"jobs": "forgotten"}, "no longer knows the job"),
        ({"job_shape": "nowhere"}, "does not state the address of the users' report"),
        ({"job_shape": "elsewhere"}, "lies at 'reports.example.com'"),
        ({"users_columns": "without_id"}, "no column internalUserID"),
    ],
    ids=lambda value: str(value),
)
def test_without_a_report_learners_are_asked_for_one_by_one_and_the_log_says_it_once(
    knobs: dict[str, str],
    words: str,
    store: Store,
    serve_app: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    account = Account(store, serve_app, bulk="400", **knobs)
    account.arrive(range(MANY + 20), range(1))
    with caplog.at_level(logging.WARNING, "badgerelay.alm"):
        until(lambda: account.comes_to({"done": MANY + 20}), 60.0)
    assert account.asked["GET /users/<user_id>"] == MANY + 20
    assert account.asked["POST /jobs"] == 1
    assert len([line for line in caplog.messages if words in line]) == 1


def test_a_job_that_another_process_left_behind_is_gone_on_with(store: Store, serve_app: Callable[..., str]) -> None:
    account = Account(store, serve_app, bulk="400")
    acme = store.connections.get("acme")
    assert acme is not None
    client = client_of(store, acme)
    store.storage("acme").put("users_job", start_users(client))
    client.close()
    account.arrive(range(LEARNERS), range(1))
    until(lambda: account.comes_to({"done": LEARNERS}), 30.0)
    assert account.asked["POST /jobs"] == 1
    assert account.asked["GET /jobs/<job_id>/download"] == 1


def test_only_so_many_lists_are_had_made_in_a_day(
    store: Store, serve_app: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner_report, "MANY", 5)
    account = Account(store, serve_app, bulk="400", jobs="forgotten", learners="400")
    for number in range(JOBS_A_DAY + 2):
        account.arrive(range(number * 30, number * 30 + 30), range(1))
        until(lambda: account.comes_to({"done": account.arrived}), 60.0)
        store.now.ahead += 7200.0  # type: ignore[attr-defined]  # this test's clock
    assert account.asked["POST /jobs"] == JOBS_A_DAY


def test_failed_or_unknown_learners_delay_no_other(connected: Store, wire: responses.RequestsMock) -> None:
    wire.get(object_url(GOOD), json=with_badge("t-1", GOOD))
    wire.get(f"{API}/users", status=400)
    wire.get(f"{API}/users/7", status=500)
    wire.get(f"{API}/users/8", status=404)
    wire.get(f"{API}/users/9", json={"data": user("9")})
    complete(connected, ("7", GOOD), ("8", GOOD), ("9", GOOD))
    assert decided(connected) == {f"7 {GOOD}": "waiting", f"8 {GOOD}": "waiting", f"9 {GOOD}": "done"}


def test_what_was_found_before_alm_stopped_answering_is_kept(connected: Store, wire: responses.RequestsMock) -> None:
    wire.get(object_url(GOOD), json=with_badge("t-1", GOOD))
    wire.get(f"{API}/users", status=400)
    wire.get(f"{API}/users/7", json={"data": user("7")})
    wire.get(f"{API}/users/8", status=429, headers={"retry-after": "1.5"})
    complete(connected, ("7", GOOD), ("8", GOOD))
    assert set(decided(connected).values()) == {"waiting"}
    assert connected.cache("acme").all("learner", newer_than=0.0).keys() == {"7"}


def test_those_who_come_next_are_never_asked_for_alone(connected: Store, wire: responses.RequestsMock) -> None:
    wire.get(object_url(GOOD), json=with_badge("t-1", GOOD))
    wire.get(f"{API}/users", json={"data": []})
    for number in range(7, 110):
        wire.get(f"{API}/users/{number}", json={"data": user(str(number))})
    complete(connected, *((str(number), GOOD) for number in range(7, 110)))
    connection = connected.connections.get("acme")
    assert connection is not None
    client = client_of(connected, connection)
    learners = LearnerFetch(connected, "acme", client, connected.now())
    assert learners.look_up({"7", "8"}).keys() == {"7", "8"}
    assert [call.request.path_url for call in wire.calls if "/users/" in str(call.request.url)] == [
        "/primeapi/v2/users/7",
        "/primeapi/v2/users/8",
    ]
    (bulk,) = [call.request.path_url for call in wire.calls if "/users?" in str(call.request.url)]
    assert bulk.count("%2C") == 49
    client.close()


@pytest.mark.parametrize("amount", [3, 60])
def test_a_learner_without_a_recent_answer_is_unknown(amount: int, connected: Store) -> None:
    complete(connected, *((str(number), GOOD) for number in range(100, 100 + amount)))
    now = connected.now()
    cache: Cache = connected.cache("acme")
    cache.put("learner", {"100": {}}, now)
    cache.put("learner", {"101": {}}, now - 90_000)
    unknown = UnknownLearners(connected.database, "acme", "learner")
    found = unknown.ahead(50, newer_than=now - 86_400)
    assert len(found) == min(50, amount - 1)
    assert "100" not in found
    assert unknown.all(1000) == {str(number) for number in range(100, 100 + amount)}
    assert UnknownLearners(connected.database, "other", "learner").ahead(50, newer_than=0.0) == []


def test_only_events_with_that_reason_are_made_due(connected: Store) -> None:
    complete(connected, ("7", GOOD), ("8", GOOD))
    unknown = UnknownLearners(connected.database, "acme", "learner")
    later = connected.now() + 500.0
    with connected.database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE events SET state = 'waiting', due_at = {later}, "
            f"reason = CASE WHEN learner_id = '7' THEN '{WAITS}' ELSE 'else' END"
        )
    assert unknown.make_due(WAITS, connected.now()) == 1
    assert unknown.make_due(WAITS, connected.now()) == 0
    assert {row["learner_id"]: row["due_at"] < later for row in connected.views.events()} == {"7": True, "8": False}


def test_the_list_is_worked_through_in_pieces(
    store: Store, serve_app: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner_report, "KEEP_AT_ONCE", 7)
    account = Account(store, serve_app, bulk="400", report_as="zip")
    account.arrive(range(LEARNERS), range(1))
    until(lambda: account.comes_to({"done": LEARNERS}), 30.0)
    assert account.asked["POST /jobs"] == 1
    assert account.asked["GET /users/<user_id>"] <= 20


def test_a_batch_that_writes_late_that_it_waits_does_not_miss_the_list(
    store: Store, serve_app: Callable[..., str]
) -> None:
    account = Account(store, serve_app, bulk="400")
    account.arrive(range(1), range(1))
    acme = store.connections.get("acme")
    assert acme is not None
    client = client_of(store, acme)
    store.storage("acme").put("users_job", start_users(client))
    written: list[float] = []

    def sleep(seconds: float) -> None:
        if seconds == learner_report.RELEASE_AGAIN_SECONDS[0]:
            written.append(store.now() + 500.0)
            with store.database.write() as connection:
                connection.exec_driver_sql(
                    f"UPDATE events SET state = 'waiting', reason = '{WAITS}', due_at = {written[0]}"
                )

    assert learner_report.UsersReport(store, "acme", client, sleep).waited_for(0) is not None
    until(lambda: written and store.views.events()[0]["due_at"] < written[0])
    client.close()
