"""The badges and skill levels of an ALM account's learning objects: from the cache, then one look-up for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .....adapters.errors import RejectedError
from ....store.answer_cache import EVER, Cache
from ..api.client import AlmClient
from ..api.documents import BadgeRecord, BadgeTie
from ..api.errors import FailedRequestError, UnknownRecordError
from ..api.learning_objects import CERTIFICATION, LevelRecord, ObjectRecord, ask_badge, ask_instance, ask_object
from .lookups import SingleLookups

BADGE_SECONDS = 3600.0
NO_BADGE_SECONDS = 600.0
"""Maximum ages of a cached learning object, in seconds; less for one without a badge, which may have one by now."""

KINDS = ("object", "bare_object", "instance", "badge_record")
"""Kinds of the cached answers on learning objects."""

InstanceKey = tuple[str, str]
"""The ids of a learning object and of its instance, which carries the badge."""


@dataclass(frozen=True, slots=True)
class Level:
    """A skill level that a completion gives credits to. :param most: as in :class:`LevelRecord`."""

    object: str
    most: int | None
    badge: BadgeRecord | None


@dataclass(frozen=True, slots=True)
class LearningObjectFacts:
    """ALM's answer on a learning object and its instance. :param root: as in :class:`ObjectRecord`."""

    badge: BadgeRecord | None
    levels: tuple[Level, ...] = ()
    root: str | None = None


LearningObjectAnswer = LearningObjectFacts | UnknownRecordError | RejectedError | FailedRequestError
"""The facts, or why ALM does not give them."""


class LearningObjectFetch:
    """Fetches the facts about the learning objects of one batch of events.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the learning objects and instances on which ALM has answered.
    """

    def __init__(self, cache: Cache, client: AlmClient, now: float) -> None:
        self._cache = cache
        self._client = client
        self._now = now
        self._lookups: SingleLookups[InstanceKey] = SingleLookups()
        self._objects: dict[str, ObjectRecord] = {}
        self._instances: dict[InstanceKey, BadgeTie | None] = {}
        self._badges: dict[str, BadgeRecord] = {}
        self.asked = self._lookups.asked

    def known(self, instances: Iterable[InstanceKey]) -> dict[InstanceKey, LearningObjectFacts]:
        """Return the facts about those of these that the cache answers completely."""
        wanted = set(instances)
        since, lately = self._now - BADGE_SECONDS, self._now - NO_BADGE_SECONDS
        objects = self._cache.get("object", {lo_id for lo_id, _ in wanted}, newer_than=since)
        bare = self._cache.get("bare_object", {lo_id for lo_id, _ in wanted}, newer_than=lately)
        self._objects.update({lo_id: _object_of(value) for lo_id, value in (objects | bare).items()})
        by_text = {"\n".join(key): key for key in wanted}
        ties_found = self._cache.get("instance", by_text, newer_than=lately)
        self._instances.update({by_text[text]: _tie_of(value) for text, value in ties_found.items()})
        ties = [tie for key in wanted for tie in self._ties(key)]
        badges = self._cache.get("badge_record", {tie.id for tie in ties}, newer_than=since)
        self._badges.update({badge_id: BadgeRecord(**value) for badge_id, value in badges.items()})
        found = {key: self._facts(key) for key in wanted}
        return {key: facts for key, facts in found.items() if facts is not None}

    def roots(self, lo_ids: Iterable[str]) -> dict[str, str]:
        """Return the roots of certifications that the cache has, whatever their age: they do not change."""
        ids = list(lo_ids)
        cached = self._cache.get("object", ids, newer_than=EVER) | self._cache.get(
            "bare_object", ids, newer_than=EVER
        )
        return {lo_id: value["root"] for lo_id, value in cached.items() if value["root"]}

    def look_up(self, key: InstanceKey) -> LearningObjectAnswer:
        """Ask ALM for the facts that are not known yet.

        :raises FailedRequestError: ALM failed on the first two learning objects: no single one is the cause.
        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer.
        """
        return self._lookups.ask(key, lambda: self._ask(key))

    def _ask(self, key: InstanceKey) -> LearningObjectFacts:
        lo_id, instance_id = key
        if lo_id not in self._objects:
            record = self._objects[lo_id] = ask_object(self._client, lo_id)
            self._cache.put("object" if _has_badge(record) else "bare_object", {lo_id: asdict(record)}, self._now)
        if self._needs_instance(key):
            tie = self._instances[key] = ask_instance(self._client, lo_id, instance_id)
            self._cache.put("instance", {"\n".join(key): None if tie is None else asdict(tie)}, self._now)
        for tie in self._ties(key):
            if _template_of(tie) is None and tie.id not in self._badges:
                badge = self._badges[tie.id] = ask_badge(self._client, tie.id)
                self._cache.put("badge_record", {tie.id: asdict(badge)}, self._now)
        facts = self._facts(key)
        assert facts is not None  # all that it needs was asked for
        return facts

    def _needs_instance(self, key: InstanceKey) -> bool:
        lo_id, instance_id = key
        record = self._objects[lo_id]
        known = not instance_id or instance_id in record.instances or lo_id.startswith(CERTIFICATION)
        return not known and key not in self._instances

    def _facts(self, key: InstanceKey) -> LearningObjectFacts | None:
        """Return the facts, or None if one of them is not known."""
        record = self._objects.get(key[0])
        if record is None or self._needs_instance(key):
            return None
        if any(_template_of(tie) is None and tie.id not in self._badges for tie in self._ties(key)):
            return None
        levels = tuple(Level(each.object, each.most, self._badge(each.tie)) for each in record.levels)
        return LearningObjectFacts(self._badge(self._tie(key)), levels, record.root)

    def _ties(self, key: InstanceKey) -> list[BadgeTie]:
        record = self._objects.get(key[0])
        if record is None:
            return []
        return [tie for tie in (self._tie(key), *(level.tie for level in record.levels)) if tie is not None]

    def _tie(self, key: InstanceKey) -> BadgeTie | None:
        """Return the badge that follows from a completion.

        A certification carries its badge itself, and need not know the instance that its event names.
        """
        lo_id, instance_id = key
        record = self._objects[lo_id]
        if record.instances.get(instance_id) is not None:
            return record.instances[instance_id]
        if instance_id and not lo_id.startswith(CERTIFICATION):
            return self._instances.get(key)
        if record.own is not None or instance_id in record.instances:
            return record.own
        ties = [tie for tie in record.instances.values() if tie is not None]
        # Several instances with different badges: the event does not say which one is due.
        return ties[0] if len({tie.id for tie in ties}) == 1 else None

    def _badge(self, tie: BadgeTie | None) -> BadgeRecord | None:
        return None if tie is None else _template_of(tie) or self._badges[tie.id]


def _template_of(tie: BadgeTie) -> BadgeRecord | None:
    """Return the badge if the document named its template.

    Adobe lists ``externalProvider`` for ``/badges`` and for an instance, not for a learning object: one that came
    without is asked for by itself.
    """
    return tie.badge if tie.badge is not None and tie.badge.template_id is not None else None


def _has_badge(record: ObjectRecord) -> bool:
    ties = (record.own, *record.instances.values(), *(level.tie for level in record.levels))
    return any(tie is not None for tie in ties)


def _object_of(value: dict[str, Any]) -> ObjectRecord:
    return ObjectRecord(
        id=value["id"],
        root=value["root"],
        own=_tie_of(value["own"]),
        instances={each: _tie_of(tie) for each, tie in value["instances"].items()},
        levels=tuple(LevelRecord(**{**each, "tie": _tie_of(each["tie"])}) for each in value["levels"]),
    )


def _tie_of(value: dict[str, Any] | None) -> BadgeTie | None:
    if value is None:
        return None
    return BadgeTie(value["id"], None if value["badge"] is None else BadgeRecord(**value["badge"]))
