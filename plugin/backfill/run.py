"""The steps of a backfill: plan and issue, each from where it stopped."""

from __future__ import annotations

from collections.abc import Callable

from ..engine.assembly import make_engine
from ..sources.alm.webhook.triage import source_of
from ..store import Store
from ..store.backfill.values import Backfill
from ..store.locks import ExclusiveLock
from .alm_reports import users_of
from .issue import Issuer
from .options import options_from
from .origins import BackfillSource, alm_source, host_source
from .plan import Note, Planner


def source_of_backfill(store: Store, backfill: Backfill) -> BackfillSource:
    """Return the source of a backfill's completions.

    :raises LookupError: its connection was removed, or belongs to another account now.
    """
    if not backfill.connection:
        return host_source(store, backfill.source)
    connection = store.connections.get(backfill.connection)
    if connection is None or source_of(connection.settings.get("account_id", "")) != backfill.source:
        raise LookupError(f"the connection {backfill.connection!r} of {backfill.source} is not there any more")
    return alm_source(store, connection)


def held(store: Store, number: int) -> ExclusiveLock:
    """Return the lock of a backfill: one process at a time works on it."""
    return ExclusiveLock(store.locks, f"backfill {number}", store.now)


def plan(store: Store, backfill: Backfill, note: Note) -> None:
    """Make the plan, or the rest of it.

    :raises LookupError: as :func:`source_of_backfill`.
    :raises PlanError: as :meth:`Planner.run`, and AdapterError.
    """
    source = source_of_backfill(store, backfill)
    connection = store.connections.get(source.connection) if source.connection else None
    all_users = users_of(store, connection, backfill.id) if connection else list
    Planner(store, backfill.id, source, options_from(backfill.options), all_users=all_users, note=note).run()


def issue(store: Store, backfill: Backfill, note: Callable[[int, str], None]) -> None:
    """Issue the planned badges, with an engine of this process beside engines elsewhere.

    :raises LookupError: as :func:`source_of_backfill`.
    """
    source = source_of_backfill(store, backfill)
    engine = make_engine(store)
    engine.start()
    try:
        Issuer(store, backfill.id, source, note=note).run()
    finally:
        engine.stop()
