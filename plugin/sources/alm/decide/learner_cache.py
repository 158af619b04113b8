"""What ALM has told of its learners, kept in the store: by look-ups, by the users' report, by a backfill's list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ....store.answer_cache import Cache
from ..api.documents import LearnerRecord

KIND = "learner"
"""Of the kept answers that tell of learners."""

LEARNER_SECONDS = 24 * 3600.0
"""Age at which a learner is asked for again."""


def keep(cache: Cache, learners: Iterable[LearnerRecord], now: float) -> int:
    """Keep those who have an e-mail address: of others ALM may tell more soon. How many they are."""
    told = {learner.id: asdict(learner) for learner in learners if learner.email}
    cache.put(KIND, told, now)
    return len(told)


def kept(cache: Cache, ids: Iterable[str], now: float) -> dict[str, LearnerRecord]:
    """Those of them who are known and need not be asked for again."""
    found = cache.get(KIND, ids, newer_than=now - LEARNER_SECONDS)
    return {learner_id: LearnerRecord(**value) for learner_id, value in found.items()}
