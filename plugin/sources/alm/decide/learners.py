"""The learners of an ALM account: from the cache, in bulk, from the users' report, or one by one.

Look-ups are limited, so each bulk call is filled: it also asks for learners of the events that come next.
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
from .learner_report import MANY, UsersReport
from .lookups import SingleLookups

LEARNERS_AT_ONCE = MAX_IDS

FEW = 10
"""Number of learners that are asked for one by one before unknown learners are counted again.

As many are asked for, once, before a report is waited for, which takes minutes.
"""

LearnerAnswer = LearnerRecord | TemporaryError | None
"""A learner, or why ALM does not answer yet; None if ALM knows no such learner."""


class LearnerFetch:
    """Fetches the learners of one batch of events of a connection.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the learners on whom ALM has answered.
    """

    def __init__(self, store: Store, name: str, client: AlmClient, now: float) -> None:
        self._cache = store.cache(name)
        self._unknown = UnknownLearners(store.database, name, KIND)
        self._report = UsersReport(store, name, client)
        self._client = client
        self._now = now
        self._found: dict[str, LearnerRecord] = {}
        self._lookups: SingleLookups[str] = SingleLookups()
        self._first_asked = False
        self.asked = self._lookups.asked

    def known(self, ids: set[str]) -> dict[str, LearnerAnswer]:
        """Return the learners among these ids that the cache has."""
        return dict(kept(self._cache, ids, self._now))

    def look_up(self, ids: set[str]) -> dict[str, LearnerAnswer]:
        """Ask ALM for at most ``LEARNERS_AT_ONCE`` learners.

        If some of them were found before the rate is used up, the others' answer is that error; what was found is
        kept in any case.

        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer.
        """
        # Another process may have asked for them since this batch began.
        answers = self.known(ids - self._found.keys())
        missing = sorted(ids - self._found.keys() - answers.keys())
        if self._client.takes_many and missing:
            self._in_bulk(missing)
            missing = [learner_id for learner_id in missing if learner_id not in self._found]
        if missing:
            answers |= self._one_by_one(missing)
        return answers | {learner_id: self._found[learner_id] for learner_id in ids & self._found.keys()}

    def _in_bulk(self, ids: list[str]) -> None:
        call = ids + self._upcoming(MAX_IDS - len(ids), ids)
        if len(call) == 1:
            return
        try:
            self._keep(self._client.learners(call).values())
        except FailedRequestError:
            return  # one of them may be the cause: each is asked for alone, this time

    def _upcoming(self, most: int, ids: list[str]) -> list[str]:
        """Return learners of the events that come next, at random: another process may choose too."""
        ahead = set(self._unknown_ahead(AHEAD)).difference(ids, self._found)
        return random.sample(sorted(ahead), min(most, len(ahead)))

    def _unknown_ahead(self, most: int) -> list[str]:
        return self._unknown.ahead(most, newer_than=self._now - LEARNER_SECONDS)

    def _one_by_one(self, ids: list[str]) -> dict[str, LearnerAnswer]:
        answers: dict[str, LearnerAnswer] = {}
        for start in range(0, len(ids), FEW):
            some, later = ids[start : start + FEW], ids[start + FEW :]
            awaited = self._awaited()
            if awaited is not None:
                if self._first_asked or not self._report.begun:
                    return answers | dict.fromkeys([*some, *later], awaited)
                self._first_asked = True
            for learner_id in some:
                try:
                    answers[learner_id] = self._alone(learner_id)
                except OverBudgetError as error:
                    if not answers:
                        raise
                    return dict.fromkeys([*some, *later], error) | answers
        return answers

    def _awaited(self) -> TemporaryError | None:
        """Return the answer on learners while a report is being made, or None without a report."""
        return None if self._client.takes_many else self._report.waited_for(len(self._unknown_ahead(MANY)))

    def _alone(self, learner_id: str) -> LearnerAnswer:
        answer = self._lookups.ask(learner_id, lambda: self._client.learner(learner_id))
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
