"""The steps of a backfill in their order, from wherever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine.assembly import make_engine
from ..sources.alm.webhook.triage import source_of
from ..store import Store
from ..store.hold import Hold
from .alm_reports import users_of
from .issue import Issuer
from .options import wish_of
from .origins import Party, alm_party, host_party
from .plan import Note, Planner


def party_of(store: Store, backfill: dict[str, Any]) -> Party:
    """:raises LookupError: its connection is gone, or is another account's now; says so."""
    if not backfill["connection"]:
        return host_party(store, backfill["source"])
    connection = store.connections.get(backfill["connection"])
    if connection is None or source_of(connection.settings.get("account_id", "")) != backfill["source"]:
        raise LookupError(f"the connection {backfill['connection']!r} of {backfill['source']} is not there any more")
    return alm_party(store, connection)


def held(store: Store, number: int) -> Hold:
    """Of a backfill whose steps only one process takes at a time."""
    return Hold(store.turns, f"backfill {number}", store.now)


def plan(store: Store, backfill: dict[str, Any], note: Note) -> None:
    """Make the plan, or the rest of it. Raises as :meth:`Planner.run`, and LookupError."""
    party = party_of(store, backfill)
    connection = store.connections.get(party.connection) if party.connection else None
    everyone = users_of(store, connection, backfill["id"]) if connection else list
    Planner(store, backfill["id"], party, wish_of(backfill["wish"]), everyone=everyone, note=note).run()


def issue(store: Store, backfill: dict[str, Any], note: Callable[[int, str], None]) -> None:
    """Issue what is planned, with an engine of this process beside those that run elsewhere. Raises LookupError."""
    party = party_of(store, backfill)
    engine = make_engine(store)
    engine.start()
    try:
        Issuer(store, backfill["id"], party, note=note).run()
    finally:
        engine.stop()
