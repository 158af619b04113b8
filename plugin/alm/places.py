"""What hangs on a learning object of an ALM account: from earlier answers, and asked for where it is not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ...adapters.errors import RejectedError
from ..store.cache import Cache
from .client import AlmClient
from .documents import BadgeRecord
from .errors import FailedRequestError, UnknownRecordError

BADGE_SECONDS = 3600.0
NO_BADGE_SECONDS = 600.0
"""Ages at which an instance's badge is asked for again; sooner where there was none, as it may have been attached."""

Place = tuple[str, str]
"""A learning object and its instance: what a badge hangs on."""

Found = BadgeRecord | UnknownRecordError | RejectedError | FailedRequestError | None
"""What hangs on a place: a badge, nothing, or why ALM does not say."""


class Places:
    """Of one batch of events.

    :param now: seconds since the epoch, for the whole batch.
    :ivar asked: the places on which ALM has answered.
    """

    def __init__(self, cache: Cache, client: AlmClient, now: float) -> None:
        self._cache = cache
        self._client = client
        self._now = now
        self._failed = 0
        self.asked: set[Place] = set()

    def known(self, places: Iterable[Place]) -> dict[Place, Found]:
        """Those of them that earlier answers tell of."""
        keys = {_key(place): place for place in places}
        none = self._cache.get("no_badge", keys, newer_than=self._now - NO_BADGE_SECONDS)
        kept = self._cache.get("badge", keys, newer_than=self._now - BADGE_SECONDS)
        found: dict[Place, Found] = {keys[key]: None for key in none}
        found.update({keys[key]: BadgeRecord(**value) for key, value in kept.items()})
        return found

    def look_up(self, place: Place) -> Found:
        """Ask ALM for the badge of a place.

        :raises FailedRequestError: ALM failed on the first two that it was asked for: no single one's fault.
        :raises OverBudgetError: the account's rate is used up; TemporaryError: ALM does not answer.
        """
        try:
            badge = self._client.instance_badge(*place)
        except (UnknownRecordError, RejectedError) as error:
            self.asked.add(place)
            return error
        except FailedRequestError as error:
            self._failed += 1
            if self._failed > 1 and not self.asked:
                raise
            return error
        self.asked.add(place)
        kind, value = ("no_badge", None) if badge is None else ("badge", asdict(badge))
        self._cache.put(kind, {_key(place): value}, self._now)
        return badge


def _key(place: Place) -> str:
    return "\n".join(place)
