from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.sources.decisions import Earns
from badgerelay.plugin.store import Plan, Store
from badgerelay.plugin.store.ledger.bulk_repair import Chosen
from badgerelay.plugin.store.schema.tables import award_hours

from .conftest import EVENT, RECIPIENT, Clock

DAY = 86400.0


class Completed:
    """Gives each event one badge, for a completion so long before it arrived."""

    def __init__(self, age: float = 0.0) -> None:
        self.age = age

    def decide(self, events: Any) -> Any:
        yield [(row, Earns((self._plan(row),), "as told")) for row in events]

    def _plan(self, row: Any) -> Plan:
        return Plan("academy", row.learning_object_id, RECIPIENT, row.received_at - self.age)


def connect(store: Store, **settings: Any) -> None:
    store.connections.save("academy", "provider", "credly", "", settings, {}, store.now())
    store.connections.save("acme", "source", "alm", "", {}, {}, store.now())


def complete(store: Store, learners: range, *, badge: str = "t-1", age: float = 0.0, host: bool = False) -> None:
    changes: dict[str, Any] = {"connection": "", "source": "my-lms"} if host else {}
    events = [
        replace(EVENT, event_id=f"{badge}-{n}", learner_id=f"l-{n}", learning_object_id=badge, **changes)
        for n in learners
    ]
    store.inbox.add(events, store.now())
    while decide_batch(store, Completed(age), "acme", "decider"):
        pass


def states(store: Store) -> dict[str, int]:
    return store.views.counts()["awards"]


def reasons(store: Store) -> set[str | None]:
    return {award["reason"] for award in store.views.awards(state="held", limit=100_000)}


def test_more_than_1000_awards_in_an_hour_are_held_by_default(store: Store, clock: Clock) -> None:
    connect(store)
    complete(store, range(1003))
    assert states(store) == {"planned": 1000, "held": 3}
    (reason,) = reasons(store)
    assert reason is not None
    assert "award_limit of academy" in reason
    assert "(1000)" in reason
    clock.seconds += 3600
    complete(store, range(1003, 1010))
    assert states(store) == {"planned": 1007, "held": 3}


def test_ten_times_the_usual_pass_where_that_is_more(store: Store, clock: Clock) -> None:
    connect(store)
    clock.seconds -= clock.seconds % 3600
    hour = int(clock.seconds // 3600)
    with store.database.write() as connection:
        rows = [{"connection": "academy", "hour": hour - back, "awards": 101} for back in (1, 5, 600)]
        old = {"connection": "academy", "hour": hour - 28 * 24 - 1, "awards": 100_000}
        connection.execute(sa.insert(award_hours), [*rows, old])
    complete(store, range(1012))
    assert states(store) == {"planned": 1010, "held": 2}
    with store.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.max(award_hours.c.awards))) == 1010


def test_what_is_held_does_not_raise_the_usual(store: Store, clock: Clock) -> None:
    connect(store, award_limit="10/hour")
    complete(store, range(100))
    clock.seconds += 3600
    complete(store, range(100, 300))
    # Ten times 10, not ten times 100.
    assert states(store) == {"planned": 110, "held": 190}


def test_replays_and_duplicates_do_not_count(store: Store, clock: Clock) -> None:
    connect(store, award_limit="5/hour")
    complete(store, range(4))
    for _ in range(3):
        store.repair.replay(Chosen(), clock)
        complete(store, range(4), badge="t-1")
    assert states(store) == {"planned": 4}
    complete(store, range(10, 12))
    assert states(store) == {"planned": 5, "held": 1}


def test_released_awards_are_not_held_again(store: Store, clock: Clock) -> None:
    connect(store, award_limit="2/hour")
    complete(store, range(5))
    assert store.repair.release(Chosen(), clock) == 3
    assert store.repair.release(Chosen(), clock) == 0
    store.repair.replay(Chosen(), clock)
    complete(store, range(0))
    assert states(store) == {"planned": 5}
    assert reasons(store) == set()


def test_resume_leaves_what_the_limit_holds(store: Store, clock: Clock) -> None:
    connect(store, award_limit="2/hour")
    store.connections.pause(["academy"], clock())
    complete(store, range(3))
    assert states(store) == {"held": 3}
    store.connections.resume(["academy"], clock())
    assert states(store) == {"planned": 2, "held": 1}


def test_a_release_while_paused_waits_for_resume(store: Store, clock: Clock) -> None:
    connect(store, award_limit="1/hour")
    complete(store, range(3))
    store.connections.pause(["academy"], clock())
    assert states(store) == {"held": 3}
    # One is held by the pause alone: that is no matter of release.
    assert store.repair.count_release(Chosen()) == 2
    assert store.repair.release(Chosen(), clock) == 2
    assert store.ledger.claim("academy", "one", 10, clock()) == []
    assert states(store) == {"held": 3}
    store.connections.resume(["academy"], clock())
    assert states(store) == {"planned": 3}


def test_a_completion_older_than_30_days_is_held_by_default(store: Store) -> None:
    connect(store)
    complete(store, range(1), age=29.9 * DAY)
    complete(store, range(1, 2), age=31 * DAY)
    assert states(store) == {"planned": 1, "held": 1}
    (reason,) = reasons(store)
    assert reason is not None
    assert "completed 31 days before it arrived" in reason
    assert "max_age of acme (30 days)" in reason


def test_what_has_only_waited_here_is_not_too_old(store: Store, clock: Clock) -> None:
    connect(store)
    store.inbox.add([EVENT], clock())
    clock.seconds += 90 * DAY
    while decide_batch(store, Completed(), "acme", "decider"):
        pass
    assert states(store) == {"planned": 1}


def test_alms_age_limit_is_its_connections_and_a_hosts_is_the_providers(store: Store, clock: Clock) -> None:
    store.connections.save("academy", "provider", "credly", "", {"max_age": "2 days"}, {}, clock())
    store.connections.save("acme", "source", "alm", "", {"max_age": "5 days"}, {}, clock())
    complete(store, range(1), badge="alm-young", age=4 * DAY)
    complete(store, range(1), badge="alm-old", age=6 * DAY)
    complete(store, range(1), badge="host-young", age=1 * DAY, host=True)
    complete(store, range(1), badge="host-old", age=3 * DAY, host=True)
    held = {award["template_id"] for award in store.views.awards(state="held")}
    assert held == {"alm-old", "host-old"}


def test_old_completions_use_up_no_limit(store: Store) -> None:
    connect(store, award_limit="2/hour")
    complete(store, range(5), age=40 * DAY)
    complete(store, range(5, 7))
    assert states(store) == {"held": 5, "planned": 2}


def test_both_limits_can_be_lifted(store: Store, clock: Clock) -> None:
    store.connections.save("academy", "provider", "credly", "", {"award_limit": "unlimited"}, {}, clock())
    store.connections.save("acme", "source", "alm", "", {"max_age": "unlimited"}, {}, clock())
    complete(store, range(1200), age=4000 * DAY)
    assert states(store) == {"planned": 1200}


def test_a_batch_of_plans_counts_once_and_reads_no_ledger(store: Store) -> None:
    connect(store)
    complete(store, range(3))
    seen: list[str] = []
    sa.event.listen(
        store.database._engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_: seen.append(statement),
    )
    complete(store, range(3, 63))
    assert len([each for each in seen if "award_hours" in each]) == 2
    assert not [each for each in seen if "count(" in each.lower()]


def test_several_providers_are_counted_apart(store: Store, clock: Clock) -> None:
    connect(store, award_limit="1/hour")
    store.connections.save("other", "provider", "credly", "", {"award_limit": "1/hour"}, {}, clock())
    event = replace(EVENT, event_id="both")
    store.inbox.add([event], clock())

    class Both:
        def decide(self, events: Any) -> Any:
            plans = tuple(Plan(name, "t", RECIPIENT, clock()) for name in ("other", "academy"))
            yield [(row, Earns(plans, "as told")) for row in events]

    decide_batch(store, Both(), "acme", "decider")
    assert states(store) == {"planned": 2}
