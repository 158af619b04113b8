"""The page on scale is computed; the ledger that the benchmark fills is one that badgerelay could have written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.sandbox import BackgroundServer
from badgerelay.plugin.delivery.send import send_batch
from badgerelay.plugin.engine.decide import decide_batch
from badgerelay.plugin.providers.pool import Providers
from badgerelay.plugin.sources.alm.decide.source import AlmSource
from badgerelay.plugin.sources.alm.webhook.decoder import decode
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.history import changes_of
from badgerelay.plugin.store.schema.tables import awards, events
from badgerelay.plugin.web.endpoints import Endpoints
from tests.bench.day import Day
from tests.bench.deliveries import body
from tests.bench.filling import fill, history_of
from tests.bench.measured import FILE, Measured, load, save
from tests.bench.scale import PAGE, page
from tests.bench.stores import add_alm, add_credly, know, opened, owed
from tests.bench.table import Figure

SEED = "15300000"


def test_the_page_is_what_the_figures_give() -> None:
    assert PAGE.read_text() == page(load(FILE)), "run python -m tests.bench.scale"


def test_a_figure_that_was_never_measured_makes_no_page() -> None:
    figures = load(FILE)
    del figures["pipeline_postgresql"]
    with pytest.raises(KeyError, match="pipeline_postgresql"):
        page(figures)


def test_slower_workers_make_another_page() -> None:
    figures = load(FILE)
    pipeline = figures["pipeline_postgresql"]
    slower = {
        **figures,
        "pipeline_postgresql": Measured(pipeline.value / 2, pipeline.unit, pipeline.machine, pipeline.quick),
    }
    assert page(slower) != page(figures)


def test_a_new_figure_takes_the_place_of_the_old_one_alone(tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    save(
        [Figure("one", "/s", (1.0, 3.0, 2.0), key="one"), Figure("two", "", (5.0,), key="two")],
        "a",
        quick=True,
        file=file,
    )
    save([Figure("one", "/s", (123456.0,), key="one"), Figure("shown only", "", (9.0,))], "b", quick=False, file=file)
    assert load(file) == {
        "one": Measured(123500.0, "/s", "b", quick=False),
        "two": Measured(5.0, "", "a", quick=True),
    }


def test_copies_of_a_completion_are_whole_and_have_the_history_of_a_real_one(tmp_path: Path) -> None:
    with BackgroundServer(CredlyAdapter.sandbox({})) as credly, opened(tmp_path) as store:
        _complete(store, credly.url)
        fill(store, 50, first_learner=int(SEED) + 1, seed_learner=SEED)
        assert owed(store) == 0
        assert history_of(store) == 51 * 5
        with store.database.read() as connection:
            pairs = connection.execute(
                sa.select(
                    events, awards.c.learner_id.label("earner"), awards.c.correlation_id.label("of_award")
                ).join_from(events, awards, awards.c.event_id == events.c.id)
            ).all()
            assert len(pairs) == 51
            assert all((row.learner_id, row.correlation_id) == (row.earner, row.of_award) for row in pairs)
            assert len({row.event_id for row in pairs}) == 51
            real, copy = (
                [change["state"] for change in changes_of(connection, award_id=number)] for number in (1, 51)
            )
        assert real == copy == ["planned", "sending", "issued"]
        award = store.views.award(51)
        assert award is not None
        assert f"learner.{award['learner_id']}@example.org" in award["recipient"]
        assert SEED not in award["recipient"]


def _complete(store: Store, credly: str) -> None:
    """One real completion becomes a badge."""
    add_alm(store)
    add_credly(store, credly)
    know(store, [SEED])
    endpoint = Endpoints(store).alm("acme")
    assert endpoint is not None
    store.inbox.add(endpoint.take(decode(body("first", user_id=SEED))), store.now())
    decide_batch(store, AlmSource(store, "acme"), "acme", "test")
    connection = store.connections.get("academy")
    assert connection is not None
    assert send_batch(store, connection, Providers(store).adapter(connection), "test") == 1


def test_a_day_has_every_completion_and_nothing_in_its_quiet_hours() -> None:
    completions = [(str(number), "course:1_1") for number in range(2_000)]
    plan = Day("http://127.0.0.1:9", completions, hour_seconds=1.0).plan
    hours = Counter(int(moment) for moment, _ in plan)
    assert 2_000 < len(plan) < 2_300
    assert len({content for _, content in plan}) == 2_000
    assert not {12, 17, 23} & set(hours)
    assert hours[9] > 5 * hours[3]
    assert [moment for moment, _ in plan] == sorted(moment for moment, _ in plan)
