"""What hangs on a learning object of an ALM account: from earlier answers, and asked for where it is not known."""

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
from .lookups import Asking

BADGE_SECONDS = 3600.0
NO_BADGE_SECONDS = 600.0
"""Ages at which a learning object is asked for again; sooner where nothing hung on it: it may have been attached."""

KINDS = ("object", "bare_object", "instance", "badge_record")
"""Of the kept answers that tell of learning objects."""

Place = tuple[str, str]
"""A learning object and its instance: what a badge hangs on."""


@dataclass(frozen=True, slots=True)
class Level:
    """A skill level that completing a place gives credits to. :param most: as in :class:`LevelRecord`."""

    object: str
    most: int | None
    badge: BadgeRecord | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What ALM says of a place. :param root: as in :class:`ObjectRecord`."""

    badge: BadgeRecord | None
    levels: tuple[Level, ...] = ()
    root: str | None = None


Found = Facts | UnknownRecordError | RejectedError | FailedRequestError
"""What hangs on a place, or why ALM does not say."""


class Places:
    """Of one batch of events.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the places on which ALM has answered.
    """

    def __init__(self, cache: Cache, client: AlmClient, now: float) -> None:
        self._cache = cache
        self._client = client
        self._now = now
        self._asking: Asking[Place] = Asking()
        self._objects: dict[str, ObjectRecord] = {}
        self._instances: dict[Place, BadgeTie | None] = {}
        self._badges: dict[str, BadgeRecord] = {}
        self.asked = self._asking.asked

    def known(self, places: Iterable[Place]) -> dict[Place, Facts]:
        """Those of them that earlier answers tell all of."""
        wanted = set(places)
        since, lately = self._now - BADGE_SECONDS, self._now - NO_BADGE_SECONDS
        objects = self._cache.get("object", {lo_id for lo_id, _ in wanted}, newer_than=since)
        bare = self._cache.get("bare_object", {lo_id for lo_id, _ in wanted}, newer_than=lately)
        self._objects.update({lo_id: _object_of(value) for lo_id, value in (objects | bare).items()})
        keys = {"\n".join(place): place for place in wanted}
        instances = self._cache.get("instance", keys, newer_than=lately)
        self._instances.update({keys[key]: _tie_of(value) for key, value in instances.items()})
        ties = [tie for place in wanted for tie in self._ties(place)]
        badges = self._cache.get("badge_record", {tie.id for tie in ties}, newer_than=since)
        self._badges.update({key: BadgeRecord(**value) for key, value in badges.items()})
        found = {place: self._facts(place) for place in wanted}
        return {place: facts for place, facts in found.items() if facts is not None}

    def roots(self, lo_ids: Iterable[str]) -> dict[str, str]:
        """The roots of certifications, as far as ALM has ever told them: they do not change."""
        ids = list(lo_ids)
        kept = self._cache.get("object", ids, newer_than=EVER) | self._cache.get("bare_object", ids, newer_than=EVER)
        return {lo_id: value["root"] for lo_id, value in kept.items() if value["root"]}

    def look_up(self, place: Place) -> Found:
        """Ask ALM for what is not known of a place.

        :raises FailedRequestError: ALM failed on the first two that it was asked for: no single one's fault.
        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer.
        """
        return self._asking.ask(place, lambda: self._ask(place))

    def _ask(self, place: Place) -> Facts:
        lo_id, instance_id = place
        if lo_id not in self._objects:
            record = self._objects[lo_id] = ask_object(self._client, lo_id)
            self._cache.put("object" if _carries(record) else "bare_object", {lo_id: asdict(record)}, self._now)
        if self._needs_instance(place):
            tie = self._instances[place] = ask_instance(self._client, lo_id, instance_id)
            self._cache.put("instance", {"\n".join(place): None if tie is None else asdict(tie)}, self._now)
        for tie in self._ties(place):
            if _template_of(tie) is None and tie.id not in self._badges:
                badge = self._badges[tie.id] = ask_badge(self._client, tie.id)
                self._cache.put("badge_record", {tie.id: asdict(badge)}, self._now)
        facts = self._facts(place)
        assert facts is not None  # all that it needs was asked for
        return facts

    def _needs_instance(self, place: Place) -> bool:
        lo_id, instance_id = place
        record = self._objects[lo_id]
        told = not instance_id or instance_id in record.instances or lo_id.startswith(CERTIFICATION)
        return not told and place not in self._instances

    def _facts(self, place: Place) -> Facts | None:
        """None where something is not known."""
        record = self._objects.get(place[0])
        if record is None or self._needs_instance(place):
            return None
        if any(_template_of(tie) is None and tie.id not in self._badges for tie in self._ties(place)):
            return None
        levels = tuple(Level(each.object, each.most, self._badge(each.tie)) for each in record.levels)
        return Facts(self._badge(self._tie(place)), levels, record.root)

    def _ties(self, place: Place) -> list[BadgeTie]:
        record = self._objects.get(place[0])
        if record is None:
            return []
        return [tie for tie in (self._tie(place), *(level.tie for level in record.levels)) if tie is not None]

    def _tie(self, place: Place) -> BadgeTie | None:
        """The badge that follows from completing a place.

        A certification carries its badge itself, and need not know the instance that its event names.
        """
        lo_id, instance_id = place
        record = self._objects[lo_id]
        if record.instances.get(instance_id) is not None:
            return record.instances[instance_id]
        if instance_id and not lo_id.startswith(CERTIFICATION):
            return self._instances.get(place)
        if record.own is not None or instance_id in record.instances:
            return record.own
        ties = [tie for tie in record.instances.values() if tie is not None]
        # Several instances with different badges: which one is due cannot be told.
        return ties[0] if len({tie.id for tie in ties}) == 1 else None

    def _badge(self, tie: BadgeTie | None) -> BadgeRecord | None:
        return None if tie is None else _template_of(tie) or self._badges[tie.id]


def _template_of(tie: BadgeTie) -> BadgeRecord | None:
    """The badge, if the document named its template.

    Adobe lists ``externalProvider`` for ``/badges`` and for an instance, not for a learning object: one that came
    without is asked for by itself.
    """
    return tie.badge if tie.badge is not None and tie.badge.template_id is not None else None


def _carries(record: ObjectRecord) -> bool:
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
