"""ALM's learners by e-mail address.

The ledger's key has ALM's user id, as live events have it. A line of a transcript may name its learner by e-mail
address only. That address is looked up among the learners that ALM has reported. If no learner or several learners
have it, nothing is guessed: under a wrong key the same person could get a second badge later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..sources.alm.decide.learner_cache import KIND as LEARNER
from ..sources.recipients import digest
from ..store import Store
from ..store.answer_cache import EVER

PORTION = 500
"""Addresses written in one transaction."""

KIND = "learner_of"

Person = tuple[str, str]
"""A user id and its e-mail address."""


class Addresses:
    """The learners of one ALM connection by e-mail address."""

    def __init__(self, store: Store, connection: str) -> None:
        self._store = store
        self._cache = store.cache(connection)

    def learn_known(self) -> None:
        """Add the learners of ALM's earlier answers."""
        self.learn(self._known())

    def learn(self, people: Iterable[Person]) -> None:
        """Add learners."""
        portion: dict[str, set[str]] = {}
        for user_id, address in people:
            portion.setdefault(digest(address), set()).add(user_id)
            if len(portion) >= PORTION:
                self._add(portion)
                portion = {}
        self._add(portion)

    def ids(self, digests: Iterable[str]) -> dict[str, list[str]]:
        """Return the user ids of these addresses, given as digests."""
        found = self._cache.get(KIND, digests, newer_than=EVER)
        return {key: list(value["ids"]) for key, value in found.items()}

    def _add(self, portion: dict[str, set[str]]) -> None:
        before = self.ids(portion)
        both = {key: sorted({*ids, *before.get(key, [])}) for key, ids in portion.items()}
        news = {key: {"ids": ids} for key, ids in both.items() if ids != before.get(key)}
        self._cache.put(KIND, news, self._store.now())

    def _known(self) -> Iterator[Person]:
        for user_id, learner in self._cache.each(LEARNER):
            if learner.get("email") and learner.get("state") != "DELETED":
                yield user_id, learner["email"]
