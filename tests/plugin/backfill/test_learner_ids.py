"""The learners of a plan are read in portions and through the indexes."""

from __future__ import annotations

from typing import Any

import pytest

from badgerelay.plugin.backfill.addresses import KIND as LEARNER_OF
from badgerelay.plugin.backfill.addresses import Addresses
from badgerelay.plugin.backfill.options import BackfillOptions
from badgerelay.plugin.backfill.origins import alm_source
from badgerelay.plugin.backfill.read_file import read_into
from badgerelay.plugin.sources.alm.api.documents import LearnerRecord
from badgerelay.plugin.sources.alm.decide.learner_cache import KIND, keep
from badgerelay.plugin.sources.recipients import digest
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.answer_cache import EVER

from ...support import connect_alm, query_plans
from .conftest import HEADER, line

ADDRESSES = [f"{number}@example.org" for number in range(4)]


@pytest.fixture
def number(store: Store, credly: str, serve_app: Any) -> int:
    """A backfill of the learners 1 to 7, and of four addresses."""
    connect_alm(store, serve_app("alm"))
    connection = store.connections.get("acme")
    assert connection is not None
    source = alm_source(store, connection)
    begun = store.backfills.begin("acme", source.name, "a test", BackfillOptions().as_dict(), store.now())
    lines = [HEADER, *map(line, range(1, 8)), *(line("", email=email) for email in ADDRESSES)]
    read_into(store, begun, source, BackfillOptions(), (f"{each}\n" for each in lines), grades=False)
    return begun


def test_unknown_learners_are_counted_up_to_a_number_and_found_among_some(store: Store, number: int) -> None:
    learners = [LearnerRecord(str(each), f"{each}@x.example", "A Name", None, "ACTIVE") for each in (1, 2, 99)]
    keep(store.cache("acme"), learners, store.now())
    ask, has = store.backfill_learners.unknown_learners, store.backfill_learners.has_unknown_learners
    assert [has(number, many, KIND, newer_than=EVER) for many in (1, 5, 6)] == [True, True, False]
    assert has(number, 7, KIND, newer_than=store.now() + 1)
    assert ask(number, ["1", "3", "99", "100"], KIND, newer_than=EVER) == {"3"}
    assert ask(number, ["1", "3"], KIND, newer_than=store.now() + 1) == {"1", "3"}


def test_addresses_are_found_among_some_while_their_learners_are_not_known(store: Store, number: int) -> None:
    digests = list(map(digest, ADDRESSES))
    assert store.backfill_learners.addresses(number, [digests[0], digests[2], digest("else@example.org")]) == {
        digests[0],
        digests[2],
    }
    Addresses(store, "acme").learn(zip("123", ADDRESSES[:3], strict=True))
    assert store.backfill_learners.any_address_unknown(number, LEARNER_OF)
    Addresses(store, "acme").learn([("4", ADDRESSES[3])])
    assert not store.backfill_learners.any_address_unknown(number, LEARNER_OF)
    first = store.past_completions.in_state(number, "read", limit=99)[-4]
    store.backfill_learners.set_learners([(first.id, "1")])
    assert store.backfill_learners.addresses(number, digests) == set(digests[1:])


def test_learners_are_found_through_the_indexes(store: Store, number: int) -> None:
    def ask() -> None:
        store.backfill_learners.addresses(number, ["x", "y"])
        store.backfill_learners.unknown_learners(number, ["x", "y"], KIND, newer_than=EVER)

    plans = query_plans(store, ask)
    assert "backfill_completions_address (backfill=? AND state=? AND address=?)" in plans[0]
    assert "backfill_completions_learner (learner_id=?)" in plans[1]
