"""The cache of ALM's learners, filled by look-ups, by the users' report and by a backfill's list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ....store.answer_cache import Cache
from ..api.documents import LearnerRecord

KIND = "learner"
"""Kind of the cached answers on learners."""

LEARNER_SECONDS = 24 * 3600.0
"""Maximum age of a cached learner, in seconds."""


def keep(cache: Cache, learners: Iterable[LearnerRecord], now: float) -> int:
    """Cache the learners who have an e-mail address, since ALM may complete the others soon. Returns their number."""
    complete = {learner.id: asdict(learner) for learner in learners if learner.email}
    cache.put(KIND, complete, now)
    return len(complete)


def kept(cache: Cache, ids: Iterable[str], now: float) -> dict[str, LearnerRecord]:
    """Return the cached learners among these ids that are recent enough."""
    found = cache.get(KIND, ids, newer_than=now - LEARNER_SECONDS)
    return {learner_id: LearnerRecord(**value) for learner_id, value in found.items()}
