"""The learners of an ALM account: from earlier answers, asked for in bulk, from a list of all, or one by one.

Look-ups are few, so each is filled: beside those whom this batch of events needs, a call asks for learners of events
that come next.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from .....adapters.errors import OverBudgetError, RejectedError, TemporaryError
from ....store import Store
from ....store.inbox.unknown_learners import AHEAD, UnknownLearners
from ..api.client import MAX_IDS, AlmClient
from ..api.documents import LearnerRecord
from ..api.errors import FailedRequestError, UnknownRecordError
from .learner_cache import KIND, LEARNER_SECONDS, keep, kept
from .learner_report import MANY, UsersJob
from .lookups import Asking

LEARNERS_AT_ONCE = MAX_IDS

FEW = 10
"""So many are asked for one by one before it is looked again whether many have come; and so many, once, before a list
is waited for, which takes minutes.
"""

Person = LearnerRecord | TemporaryError | None
"""A learner, or why ALM does not say yet; None where it knows none."""


class People:
    """Of one batch of events of a connection.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the learners on whom ALM has answered.
    """

    def __init__(self, store: Store, name: str, client: AlmClient, now: float) -> None:
        self._cache = store.cache(name)
        self._unknown_learners = UnknownLearners(store.database, name, KIND)
        self._users_job = UsersJob(store, name, client)
        self._client = client
        self._now = now
        self._found: dict[str, LearnerRecord] = {}
        self._asking: Asking[str] = Asking()
        self._first_asked = False
        self.asked = self._asking.asked

    def known(self, ids: set[str]) -> dict[str, Person]:
        """Those of them that earlier answers tell of."""
        return dict(kept(self._cache, ids, self._now))

    def look_up(self, ids: set[str]) -> dict[str, Person]:
        """Ask ALM for at most ``LEARNERS_AT_ONCE`` learners.

        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer. What was found
            until then is kept. Where some of these learners were found first, that is what the others are.
        """
        # Somebody else may have asked for them since this batch began.
        people = self.known(ids - self._found.keys())
        missing = sorted(ids - self._found.keys() - people.keys())
        if self._client.takes_many and missing:
            self._in_bulk(missing)
            missing = [learner_id for learner_id in missing if learner_id not in self._found]
        if missing:
            people |= self._one_by_one(missing)
        return people | {learner_id: self._found[learner_id] for learner_id in ids & self._found.keys()}

    def _in_bulk(self, ids: list[str]) -> None:
        call = ids + self._further(MAX_IDS - len(ids), ids)
        if len(call) == 1:
            return
        try:
            self._keep(self._client.learners(call).values())
        except FailedRequestError:
            return  # one of them may be the reason: each alone, this time

    def _further(self, most: int, ids: list[str]) -> list[str]:
        """Learners of the events that come next. Any of them: another process may be choosing too."""
        ahead = set(self._ahead(AHEAD)).difference(ids, self._found)
        return random.sample(sorted(ahead), min(most, len(ahead)))

    def _ahead(self, most: int) -> list[str]:
        return self._unknown_learners.ahead(most, newer_than=self._now - LEARNER_SECONDS)

    def _one_by_one(self, ids: list[str]) -> dict[str, Person]:
        people: dict[str, Person] = {}
        for start in range(0, len(ids), FEW):
            some, rest = ids[start : start + FEW], ids[start + FEW :]
            awaited = self._awaited()
            if awaited is not None:
                if self._first_asked or not self._users_job.begun:
                    return people | dict.fromkeys([*some, *rest], awaited)
                self._first_asked = True
            for learner_id in some:
                try:
                    people[learner_id] = self._alone(learner_id)
                except OverBudgetError as error:
                    if not people:
                        raise
                    return dict.fromkeys([*some, *rest], error) | people
        return people

    def _awaited(self) -> TemporaryError | None:
        """What those are of whom a list is being made, if one is."""
        return None if self._client.takes_many else self._users_job.waited_for(len(self._ahead(MANY)))

    def _alone(self, learner_id: str) -> Person:
        answer = self._asking.ask(learner_id, lambda: self._client.learner(learner_id))
        if isinstance(answer, FailedRequestError):
            return answer
        if isinstance(answer, (UnknownRecordError, RejectedError)):
            return None
        self._keep([answer])
        return answer

    def _keep(self, found: Iterable[LearnerRecord]) -> None:
        learners = {learner.id: learner for learner in found}
        self._found |= learners
        self.asked.update(learners)
        keep(self._cache, learners.values(), self._now)
