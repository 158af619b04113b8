"""The learners of an ALM account: from earlier answers, and asked for in bulk where they are not known."""

from __future__ import annotations

from dataclasses import asdict

from ...adapters.errors import OverBudgetError
from ..store.cache import Cache
from .client import AlmClient
from .documents import LearnerRecord
from .errors import FailedRequestError, IncompleteError

LEARNER_SECONDS = 24 * 3600.0
"""Age at which a learner is asked for again."""

LEARNERS_AT_ONCE = 50

Person = LearnerRecord | FailedRequestError | None
"""A learner, or why ALM does not say; None where it knows none."""


class People:
    """Of one batch of events.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the learners that ALM was asked for.
    """

    def __init__(self, cache: Cache, client: AlmClient, now: float) -> None:
        self._cache = cache
        self._client = client
        self._now = now
        self.asked: set[str] = set()

    def known(self, ids: set[str]) -> dict[str, Person]:
        """Those of them that earlier answers tell of."""
        kept = self._cache.get("learner", ids, newer_than=self._now - LEARNER_SECONDS)
        return {learner_id: LearnerRecord(**value) for learner_id, value in kept.items()}

    def look_up(self, ids: set[str]) -> dict[str, Person]:
        """Ask ALM for at most ``LEARNERS_AT_ONCE`` learners.

        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer. What was found
            until then is kept.
        """
        self.asked |= ids
        try:
            found, failed = self._client.learners(sorted(ids))
        except IncompleteError as error:
            self._keep(error.found)
            if isinstance(error.__cause__, OverBudgetError):
                raise error.__cause__ from None
            raise
        self._keep(found)
        return {**found, **failed}

    def _keep(self, found: dict[str, LearnerRecord]) -> None:
        with_address = {learner_id: asdict(learner) for learner_id, learner in found.items() if learner.email}
        self._cache.put("learner", with_address, self._now)
