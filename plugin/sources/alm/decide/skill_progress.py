"""The skill levels of ALM's learners: when they were achieved, or the credits so far.

ALM answers for one learner at a time. One answer serves all levels of a learner, and is cached.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .....adapters.errors import RejectedError
from ....store.answer_cache import Cache
from ....store.catalogue.rules import skill_object
from ..api.client import AlmClient, segment
from ..api.errors import FailedRequestError, UnknownRecordError
from ..api.json_api import attribute, number, primaries, related_ids
from ..webhook.timestamps import parse_moment
from .lookups import SingleLookups

FRESH_SECONDS = 30.0
"""Maximum age, in seconds, of an answer that a level is not achieved; an achieved level stays so."""

PAGE = "100"
"""Maximum entries that ALM gives on one page without included resources."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One learner's progress at one level.

    :param at: when the level was achieved, in seconds since the epoch; None if it is not.
    :param points: credits so far; None if ALM does not say.
    """

    at: float | None
    points: int | None


Skills = dict[str, Progress]
"""One learner's progress, by level as rules name it."""

SkillAnswer = Skills | UnknownRecordError | RejectedError | FailedRequestError
"""The skills, or why ALM does not give them."""


class SkillFetch:
    """Fetches the skills of the learners of one batch of events.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the learners that ALM was asked for.
    """

    def __init__(self, cache: Cache, client: AlmClient, now: float) -> None:
        self._cache = cache
        self._client = client
        self._now = now
        self._lookups: SingleLookups[str] = SingleLookups()
        self._fresh: dict[str, Skills] = {}
        self.asked = self._lookups.asked

    def achieved(self, learner_id: str) -> Skills:
        """Return the levels that this learner is known to have achieved, without asking ALM."""
        if learner_id in self._fresh:
            known = self._fresh[learner_id]
        else:
            known = _parsed(self._cache.get("user_skills", [learner_id], newer_than=0.0).get(learner_id, {}))
        return {level: progress for level, progress in known.items() if progress.at is not None}

    def of(self, learner_id: str, level: str) -> SkillAnswer:
        """Return the learner's skills, from the cache if it answers for this level, else from ALM.

        :raises FailedRequestError: ALM failed on the first two learners: no single one is the cause.
        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer.
        """
        achieved = self.achieved(learner_id)
        if level in achieved:
            return achieved
        if learner_id not in self._fresh:
            cached = self._cache.get("user_skills", [learner_id], newer_than=self._now - FRESH_SECONDS)
            if learner_id in cached:
                self._fresh[learner_id] = _parsed(cached[learner_id])
        if learner_id in self._fresh:
            return self._fresh[learner_id]
        skills = self._lookups.ask(learner_id, lambda: ask_skills(self._client, learner_id))
        if isinstance(skills, Exception):
            return skills
        self._fresh[learner_id] = skills
        merged = {key: asdict(progress) for key, progress in (achieved | skills).items()}
        self._cache.put("user_skills", {learner_id: merged}, self._now)
        return skills


def ask_skills(client: AlmClient, learner_id: str) -> Skills:
    """Ask ALM for the skills of a learner: one request for each hundred levels.

    :raises UnknownRecordError: ALM knows no such user.
    """
    found: Skills = {}
    path = f"/users/{segment(learner_id, 'the learner')}/userSkills"
    for document in client.pages(path, {"page[limit]": PAGE}):
        for resource in primaries(document):
            for level_id in related_ids(resource, "skillLevel"):
                skill_id, _, level = level_id.rpartition("_")
                if skill_id:
                    achieved = _moment(attribute(resource, "dateAchieved"))
                    found[skill_object(skill_id, level)] = Progress(achieved, number(resource, "pointsEarned"))
    return found


def _moment(value: object) -> float | None:
    """Return the time of a date, or None without one. :raises FailedRequestError: the value is not a date."""
    if value is None or value == "":
        return None
    try:
        return parse_moment(value).timestamp()
    except ValueError as error:
        raise FailedRequestError(f"ALM's answer is not understood: userSkill.dateAchieved {error}") from None


def _parsed(cached: dict[str, dict[str, object]]) -> Skills:
    return {level: Progress(**progress) for level, progress in cached.items()}  # type: ignore[arg-type]  # as put above
