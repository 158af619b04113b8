"""Who an e-mail address of a transcript is in ALM.

The ledger's key has ALM's user id, as live events have it. A learner whom a transcript names by e-mail alone is
therefore looked for among those that ALM has told of; where none, or more than one, is found, nothing is guessed:
under any other key the same person could get a second badge later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from ..sources.alm.decide.learner_cache import KIND as LEARNER
from ..store import Store
from ..store.answer_cache import EVER
from ..store.schema.tables import cache

AT_ONCE = 500
KIND = "learner_of"

Person = tuple[str, str]
"""A user id and its e-mail address."""


def digest(address: str) -> str:
    """Of an e-mail address: what plans and indexes keep in its place."""
    return hashlib.blake2b(address.strip().lower().encode(errors="surrogatepass"), digest_size=16).hexdigest()


class Addresses:
    """The learners of one ALM connection by e-mail address."""

    def __init__(self, store: Store, connection: str) -> None:
        self._store = store
        self._connection = connection
        self._cache = store.cache(connection)

    def learn_known(self) -> None:
        """Take those of whom earlier answers tell."""
        self.learn(self._known())

    def learn(self, people: Iterable[Person]) -> None:
        portion: dict[str, set[str]] = {}
        for user_id, address in people:
            portion.setdefault(digest(address), set()).add(user_id)
            if len(portion) >= AT_ONCE:
                self._keep(portion)
                portion = {}
        self._keep(portion)

    def ids(self, digests: Iterable[str]) -> dict[str, list[str]]:
        """The user ids under each of these digests."""
        found = self._cache.get(KIND, digests, newer_than=EVER)
        return {key: list(value["ids"]) for key, value in found.items()}

    def _keep(self, portion: dict[str, set[str]]) -> None:
        before = self.ids(portion)
        both = {key: sorted({*ids, *before.get(key, [])}) for key, ids in portion.items()}
        news = {key: {"ids": ids} for key, ids in both.items() if ids != before.get(key)}
        self._cache.put(KIND, news, self._store.now())

    def _known(self) -> Iterator[Person]:
        last = ""
        while True:
            query = (
                sa.select(cache.c.key, cache.c.value)
                .where(cache.c.connection == self._connection, cache.c.kind == LEARNER, cache.c.key > last)
                .order_by(cache.c.key)
                .limit(AT_ONCE)
            )
            with self._store.database.read() as transaction:
                rows = transaction.execute(query).all()
            for row in rows:
                value = json.loads(row.value)
                if value.get("email") and value.get("state") != "DELETED":
                    yield row.key, value["email"]
            if len(rows) < AT_ONCE:
                return
            last = rows[-1].key
