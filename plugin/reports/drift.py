"""Differences between the ledger and a provider. The report changes neither."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ...adapters.base import Adapter
from ..providers.awards import award_of
from ..providers.pool import make_adapter
from ..providers.rate_limits import pace_of
from ..sources.alm.webhook.triage import source_of
from ..sources.recipients import digest
from ..store import Connection, LedgerAward, Store
from .provider_list import Listed, Listing

AT_ONCE = 500
"""Maximum awards read from the ledger at once."""
PATIENCE_SECONDS = 900.0
"""Maximum seconds that a call waits for the connection's rate, which live awards share."""

MAX_LOOK_UPS = 500
"""Maximum look-ups of badges that are missing from the list, since a list may shift while it is read."""

Kind = Literal["missing", "state", "template", "recipient", "unknown"]

_AT_PROVIDER = {
    "issued": ("pending",),
    "accepted": ("accepted",),
    "declined": ("declined",),
    "revoked": ("revoked",),
    "replaced": ("replaced",),
    "expired": ("expired",),
}
"""A state of the ledger, and what the provider calls it."""

_GONE = ("revoked",)
"""States of an award whose badge may have been deleted too."""


@dataclass(frozen=True, slots=True)
class Difference:
    """:param kind: ``missing``: the provider has no such badge; ``state``, ``template``, ``recipient``: it has it
        with another one; ``unknown``: it has a badge of a learner of ours that the ledger does not know.
    :param ledger: what the ledger says; ``provider``, what the provider does.
    """

    kind: Kind
    connection: str
    badge_id: str
    award_id: int | None
    learner: str
    template_id: str
    ledger: str
    provider: str


class Drift:
    """Comparison of the ledger with one provider connection.

    :param note: called with the progress, in words.
    """

    def __init__(
        self,
        store: Store,
        connection: Connection,
        *,
        note: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._name = connection.name
        pace = pace_of(store, connection, patience=PATIENCE_SECONDS, sleep=sleep)
        self._adapter: Adapter = make_adapter(store, connection, pace=pace)
        self._note = note
        self._look_ups = 0

    def run(self) -> Iterator[Difference]:
        """Yield the differences.

        :raises AdapterError: when the provider does not answer what it has.
        """
        try:
            if self._adapter.capabilities.can_list:
                yield from self._by_list()
            elif self._adapter.capabilities.can_look_up:
                for rows in self._portions(self._store.now()):
                    for row in rows:
                        yield from self._looked_for(row)
        finally:
            self._adapter.close()

    def _by_list(self) -> Iterator[Difference]:
        began = self._store.now()
        with Listing(digest) as listing:
            count = listing.fill(self._adapter.badges())
            self._note(f"{self._name} lists {count:,} badges")
            for rows in self._portions(began):
                found = listing.take([row.badge_id or "" for row in rows])
                for row in rows:
                    if row.badge_id in found:
                        yield from self._compared(row, found[row.badge_id])
                    elif row.state not in _GONE:
                        yield from self._missing(row)
            yield from self._unknown(listing)

    def _portions(self, until: float) -> Iterator[Sequence[LedgerAward]]:
        """Yield awards with a badge, without those settled since the list was read, which cannot be on it."""
        last = 0
        while True:
            rows = self._store.badges.awards_after(self._name, last, _AT_PROVIDER, AT_ONCE)
            if not rows:
                return
            last = rows[-1].id
            self._note(f"{last:,} awards compared")
            yield [row for row in rows if row.due_at < until]

    def _compared(self, row: LedgerAward, listed: Listed) -> Iterator[Difference]:
        recipient = json.loads(row.recipient)
        learner = f"{row.source}:{row.learner_id}"
        if listed.state not in _AT_PROVIDER[row.state]:
            yield self._difference("state", row, row.state, listed.state)
        if listed.template_id != row.template_id:
            yield self._difference("template", row, row.template_id, listed.template_id)
        if listed.earner_id and listed.earner_id != learner:
            yield self._difference("recipient", row, learner, listed.earner_id)
        elif listed.address and listed.address != digest(recipient["email"] or ""):
            yield self._difference("recipient", row, "the learner's e-mail address", "another e-mail address")

    def _missing(self, row: LedgerAward) -> Iterator[Difference]:
        if self._look_ups < MAX_LOOK_UPS and self._adapter.capabilities.can_look_up:
            self._look_ups += 1
            yield from self._looked_for(row)
        else:
            yield self._difference("missing", row, row.state, "not listed")

    def _looked_for(self, row: LedgerAward) -> Iterator[Difference]:
        """Compare by a look-up, which finds live badges only."""
        badge = self._adapter.find(award_of(row))
        if badge is None:
            if row.state not in ("revoked", "replaced"):
                yield self._difference("missing", row, row.state, "not there, or revoked")
        elif badge.id != row.badge_id:
            yield self._difference("missing", row, row.state, f"another badge in its place: {badge.id}")
        elif badge.state not in _AT_PROVIDER[row.state]:
            yield self._difference("state", row, row.state, badge.state)

    def _unknown(self, listing: Listing) -> Iterator[Difference]:
        sources = self._sources()
        for listed in listing.unknown():
            if listed.earner_id.startswith(sources) and not self._in_ledger(listed.id):
                yield Difference(
                    "unknown", self._name, listed.id, None, listed.earner_id, listed.template_id, "", listed.state
                )

    def _in_ledger(self, badge_id: str) -> bool:
        """Return whether the ledger has the badge now: it may be issued or revoked since the ledger was read."""
        return bool(self._store.badges.owners_of(self._name, [badge_id]))

    def _sources(self) -> tuple[str, ...]:
        """Return the prefixes of our learners' ids."""
        accounts = [source_of(each.account) for each in self._store.connections.plain() if each.role == "source"]
        found = {*self._store.badges.sources_of(self._name), *accounts}
        return tuple(f"{source}:" for source in found)

    def _difference(self, kind: Kind, row: LedgerAward, ledger: str, provider: str) -> Difference:
        learner = f"{row.source}:{row.learner_id}"
        return Difference(kind, self._name, row.badge_id or "", row.id, learner, row.template_id, ledger, provider)
