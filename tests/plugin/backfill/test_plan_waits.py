"""A plan whose source postpones completions: it waits for causes that concern all, and gives up on a few others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from badgerelay.plugin.backfill.options import BackfillOptions
from badgerelay.plugin.backfill.origins import BackfillSource, alm_source
from badgerelay.plugin.backfill.plan import FEW_SECONDS, IDLE_SECONDS, PlanError, Planner
from badgerelay.plugin.backfill.read_file import read_into
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.runtime.vault import open_vault
from badgerelay.plugin.sources.alm.decide.conclude import BUDGET_USED_UP
from badgerelay.plugin.sources.alm.decide.learner_report import WAITS
from badgerelay.plugin.sources.decisions import Waits
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.database import Database

from ...support import connect_alm, connect_credly
from ..store.conftest import Clock
from .conftest import FIRST, HEADER, line, stored_reasons


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings: Settings, clock: Clock) -> Iterator[Store]:
    """A store whose clock the test moves."""
    made = Store(Database(settings.database_url), open_vault(settings), clock)
    yield made
    made.close()


class Postponing:
    """The real source, which postpones some learners for a while."""

    def __init__(self, inner: Any, until: dict[str, float], clock: Clock, reason: str = "not now") -> None:
        self._inner, self._until, self._clock, self._reason = inner, until, clock, reason

    def decide(self, events: Any) -> Any:
        off = [row for row in events if self._clock() < self._until.get(row.learner_id, 0.0)]
        yield [(row, Waits(self._reason, 1.0)) for row in off]
        yield from self._inner.decide([row for row in events if row not in off])


@pytest.fixture
def planned(store: Store, clock: Clock, serve_app: Callable[..., str]) -> Callable[..., dict[str, int]]:
    connect_credly(store, serve_app("credly"), rate="unlimited")
    connect_alm(store, serve_app("alm"), rate="unlimited")
    connection = store.connections.get("acme")
    assert connection is not None

    def plan(seconds: dict[int, float], reason: str = "not now", learners: int = 5) -> dict[str, int]:
        source: BackfillSource = alm_source(store, connection)
        until = {str(FIRST + number): clock() + wait for number, wait in seconds.items()}
        source = replace(source, decider=Postponing(source.decider, until, clock, reason))
        number = store.backfills.begin("acme", source.name, "a test", BackfillOptions().as_dict(), store.now())
        lines = [HEADER, *(line(FIRST + each) for each in range(learners))]
        read_into(store, number, source, BackfillOptions(), (f"{each}\n" for each in lines), grades=False)

        def sleep(seconds: float) -> None:
            clock.seconds += 60.0

        Planner(store, number, source, BackfillOptions(), sleep=sleep).run()
        return {**store.planned_badges.counts(number), **dict(stored_reasons(store, number))}

    return plan


def test_postponed_completions_are_decided_later(planned: Any) -> None:
    assert planned({0: 120.0, 3: 240.0})["would"] == 5


def test_a_few_completions_that_are_postponed_for_long_are_given_up(planned: Any) -> None:
    found = planned({0: FEW_SECONDS * 3})
    assert (found["would"], found["not now"]) == (4, 1)


@pytest.mark.parametrize("reason", [BUDGET_USED_UP, WAITS])
def test_a_plan_waits_for_causes_of_the_whole_account(planned: Any, reason: str) -> None:
    assert planned({0: FEW_SECONDS * 3}, reason=reason)["would"] == 5


def test_a_plan_that_gets_nowhere_ends_and_says_why(planned: Any) -> None:
    with pytest.raises(PlanError, match="25 completions cannot be decided now: not now"):
        planned(dict.fromkeys(range(25), IDLE_SECONDS * 2), learners=25)
