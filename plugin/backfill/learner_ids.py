"""The ids of a plan's learners whom a line names by e-mail address only, and ALM's data about all of them.

If addresses or many learners are unknown, ALM is asked once for the list of all users. If ALM refuses the list, the
learners of earlier answers are used, and other learners are looked up like those of live events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from ...adapters.errors import RejectedError
from ..sources.alm.api.documents import LearnerRecord
from ..sources.alm.api.errors import ForbiddenError, ReportError
from ..sources.alm.decide.learner_cache import KIND, LEARNER_SECONDS, keep
from ..sources.alm.decide.learner_report import MANY
from ..sources.recipients import digest
from ..store import Store
from ..store.backfill.completions import PORTION
from ..store.backfill.values import StateChange
from .addresses import KIND as LEARNER_OF
from .addresses import Addresses

AllUsers = Callable[[], Iterable[LearnerRecord]]


class LearnerIds:
    """Sets the learners' ids of one backfill's completions.

    :param all_users: yields all learners of the account.
    :param note: gets the progress in words.
    """

    def __init__(
        self, store: Store, number: int, connection: str, all_users: AllUsers, note: Callable[[str], None]
    ) -> None:
        self._store = store
        self._number = number
        self._connection = connection
        self._all_users = all_users
        self._note = note
        self._addresses = Addresses(store, connection)
        self._no_list = ""

    def run(self) -> None:
        """Set the learner's id of each completion, or mark the completion with the reason why it is unknown.

        :raises PlanError: the list of users may not be requested again today.
        :raises AdapterError: ALM does not answer.
        """
        learners = self._store.backfill_learners
        self._addresses.learn_known()
        since = self._store.now() - LEARNER_SECONDS
        many = learners.has_unknown_learners(self._number, MANY, KIND, newer_than=since)
        if many or learners.any_address_unknown(self._number, LEARNER_OF):
            self._note("waiting: ALM makes a list of all its users")
            try:
                self._learn(self._all_users(), since)
            except (ForbiddenError, RejectedError, ReportError) as error:
                self._no_list = f"; {error}"
        self._set_ids()

    def _learn(self, users: Iterable[LearnerRecord], since: float) -> None:
        """Keep the addresses of all users, as digests, and the records of the plan's learners for live events too.

        :param since: learners with an answer after this time are not written again.
        """
        learners, cache = self._store.backfill_learners, self._store.cache(self._connection)
        listed = iter(users)
        while some := list(islice(listed, PORTION)):
            there = [(each, each.email) for each in some if each.email and each.state != "DELETED"]
            self._addresses.learn((each.id, email) for each, email in there)
            ids = [each.id for each, _ in there]
            unknown = learners.unknown_learners(self._number, ids, KIND, newer_than=since)
            addresses = learners.addresses(self._number, [digest(email) for _, email in there])
            ours = [each for each, email in there if each.id in unknown or digest(email) in addresses]
            keep(cache, ours, self._store.now())

    def _set_ids(self) -> None:
        completions, after = self._store.past_completions, 0
        while rows := completions.in_state(self._number, "read", after=after, limit=PORTION, without_learner=True):
            found = self._addresses.ids({row.address for row in rows if row.address})
            ids = {row.id: found.get(row.address or "", []) for row in rows}
            self._store.backfill_learners.set_learners((id_, some[0]) for id_, some in ids.items() if len(some) == 1)
            unknown = {id_: some for id_, some in ids.items() if len(some) != 1}
            completions.settle(StateChange(id_, "cannot", self._why(some)) for id_, some in unknown.items())
            after = rows[-1].id

    def _why(self, ids: Sequence[str]) -> str:
        if ids:
            return (
                f"{len(ids)} learners of ALM have this e-mail address ({', '.join(ids[:3])}): give a column User ID"
            )
        return (
            "no learner of ALM is known by this e-mail address: give a column User ID with ALM's ids" + self._no_list
        )
