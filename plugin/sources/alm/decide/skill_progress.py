"""The skill levels of ALM's learners: achieved when, or with how many credits so far.

ALM answers this for one learner at a time, so that one answer serves all levels of a learner, and is kept.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .....adapters.errors import RejectedError
from ....store.answer_cache import Cache
from ....store.catalogue.rules import skill_object
from ..api.client import AlmClient, segment
from ..api.documents import attribute, number, primaries, related_ids
from ..api.errors import FailedRequestError, UnknownRecordError
from ..webhook.timestamps import parse_moment
from .lookups import Asking

FRESH_SECONDS = 30.0
"""Age up to which an answer without a date still says that a level is not achieved; one with a date does for ever."""

PAGE = "100"
"""The most that ALM gives on one page, where nothing is included."""


@dataclass(frozen=True, slots=True)
class Progress:
    """:param at: when the level was achieved, seconds since the epoch; None: not yet.
    :param points: credits so far.
    """

    at: float | None
    points: int | None


Skills = dict[str, Progress]
"""Of one learner: the levels that ALM tells of, as rules name them."""

Answer = Skills | UnknownRecordError | RejectedError | FailedRequestError


class Achievements:
    """Of one batch of events.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the learners that ALM was asked for.
    """

    def __init__(self, cache: Cache, client: AlmClient, now: float) -> None:
        self._cache = cache
        self._client = client
        self._now = now
        self._asking: Asking[str] = Asking()
        self._fresh: dict[str, Skills] = {}
        self.asked = self._asking.asked

    def achieved(self, learner_id: str) -> Skills:
        """The levels that this learner is known to have achieved."""
        if learner_id in self._fresh:
            known = self._fresh[learner_id]
        else:
            known = _parsed(self._cache.get("user_skills", [learner_id], newer_than=0.0).get(learner_id, {}))
        return {level: progress for level, progress in known.items() if progress.at is not None}

    def of(self, learner_id: str, level: str) -> Answer:
        """The learner's skills, asked for unless what is known answers for this level.

        :raises FailedRequestError: ALM failed on the first two that it was asked for: no single one's fault.
        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer.
        """
        achieved = self.achieved(learner_id)
        if level in achieved:
            return achieved
        if learner_id not in self._fresh:
            kept = self._cache.get("user_skills", [learner_id], newer_than=self._now - FRESH_SECONDS)
            if learner_id in kept:
                self._fresh[learner_id] = _parsed(kept[learner_id])
        if learner_id in self._fresh:
            return self._fresh[learner_id]
        skills = self._asking.ask(learner_id, lambda: ask_skills(self._client, learner_id))
        if isinstance(skills, Exception):
            return skills
        self._fresh[learner_id] = skills
        kept_again = {key: asdict(progress) for key, progress in (achieved | skills).items()}
        self._cache.put("user_skills", {learner_id: kept_again}, self._now)
        return skills


def ask_skills(client: AlmClient, learner_id: str) -> Skills:
    """A request, and one more for each further hundred levels.

    :raises UnknownRecordError: there is no such user.
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
    """None where there is no date. :raises FailedRequestError: there is something else in its place."""
    if value is None or value == "":
        return None
    try:
        return parse_moment(value).timestamp()
    except ValueError as error:
        raise FailedRequestError(f"ALM's answer is not understood: userSkill.dateAchieved {error}") from None


def _parsed(kept: dict[str, dict[str, object]]) -> Skills:
    return {level: Progress(**progress) for level, progress in kept.items()}  # type: ignore[arg-type]  # as put above
