"""Which learners a plan is about: their ids where a line has an e-mail address alone, and what ALM tells of them.

Where addresses are unknown, or many learners are, the list of all users is asked for, once; where ALM does not give
it, whom ALM has told of before is known, and others are asked for as live events' learners are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from ...adapters.errors import RejectedError
from ..sources.alm.api.documents import LearnerRecord
from ..sources.alm.api.errors import ForbiddenError, ReportError
from ..sources.alm.decide.learner_cache import KIND, LEARNER_SECONDS, keep
from ..sources.alm.decide.learner_report import MANY
from ..store import Store
from ..store.backfill.backfills import PORTION
from ..store.schema.tables import backfill_completions as completions
from .addresses import KIND as LEARNER_OF
from .addresses import Addresses, digest

Everyone = Callable[[], Iterable[LearnerRecord]]

_NAMELESS = completions.c.learner_id.is_(None)


class Naming:
    """:param everyone: gives all learners of the account."""

    def __init__(
        self, store: Store, number: int, connection: str, everyone: Everyone, note: Callable[[str], None]
    ) -> None:
        self._store = store
        self._number = number
        self._connection = connection
        self._everyone = everyone
        self._note = note
        self._addresses = Addresses(store, connection)
        self._no_list = ""

    def run(self) -> None:
        """Give completions their learners' ids, or say that it cannot be done.

        :raises PlanError: the list of users may not be asked for today; AdapterError: ALM does not answer.
        """
        learners = self._store.backfill_learners
        self._addresses.learn_known()
        since = self._store.now() - LEARNER_SECONDS
        many = learners.has_strangers(self._number, MANY, KIND, newer_than=since)
        if many or learners.any_address_unknown(self._number, LEARNER_OF):
            self._note("waiting: ALM makes a list of all its users")
            try:
                self._learn(self._everyone(), since)
            except (ForbiddenError, RejectedError, ReportError) as error:
                self._no_list = f"; {error}"
        self._name()

    def _learn(self, everyone: Iterable[LearnerRecord], since: float) -> None:
        """Keep the list's addresses, as digests, and of those whom the plan is about what live events need too.

        :param since: who was told of later is not learned again.
        """
        learners, cache = self._store.backfill_learners, self._store.cache(self._connection)
        listed = iter(everyone)
        while some := list(islice(listed, PORTION)):
            there = [(each, each.email) for each in some if each.email and each.state != "DELETED"]
            self._addresses.learn((each.id, email) for each, email in there)
            strangers = learners.strangers(self._number, [each.id for each, _ in there], KIND, newer_than=since)
            addresses = learners.addresses(self._number, [digest(email) for _, email in there])
            ours = [each for each, email in there if each.id in strangers or digest(email) in addresses]
            keep(cache, ours, self._store.now())

    def _name(self) -> None:
        backfills, after = self._store.backfills, 0
        while rows := backfills.in_state(self._number, "read", _NAMELESS, completions.c.id > after, limit=PORTION):
            found = self._addresses.ids({row.address for row in rows})
            ids = {row.id: found.get(row.address, []) for row in rows}
            self._store.backfill_learners.know((row_id, some[0]) for row_id, some in ids.items() if len(some) == 1)
            backfills.settle((row_id, "cannot", self._why(some)) for row_id, some in ids.items() if len(some) != 1)
            after = rows[-1].id

    def _why(self, ids: Sequence[str]) -> str:
        if ids:
            return (
                f"{len(ids)} learners of ALM have this e-mail address ({', '.join(ids[:3])}): give a column User ID"
            )
        return (
            "no learner of ALM is known by this e-mail address: give a column User ID with ALM's ids" + self._no_list
        )
