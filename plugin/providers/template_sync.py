"""Copy a provider's badge templates into the catalogue, and hold awards whose template is not active."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from ...adapters.base import Adapter
from ...adapters.values import BadgeTemplate
from ..store import Connection, Store
from ..store.catalogue.templates import Synchronized
from .pool import make_adapter
from .rate_limits import pace_of

Watch = Callable[[Iterable[BadgeTemplate]], Iterable[BadgeTemplate]]

PATIENCE_SECONDS = 60.0
"""Maximum seconds that each page of a listing waits for the rate: a new listing would ask for all pages again."""

log = logging.getLogger("badgerelay.catalogue")


def sync_templates(
    store: Store,
    connection: Connection,
    watch: Watch = iter,
    *,
    adapter: Adapter | None = None,
    accept_missing: bool = False,
) -> Synchronized:
    """Copy a provider's badge templates into the catalogue.

    Awards of templates that are no longer active are held; those of templates that are active again are released.

    :param watch: sees the templates as they come, to show progress.
    :param adapter: the connection's adapter, where the caller has one.
    :raises AdapterError: the provider does not answer, or its list is not plausible; then nothing has changed.
    """
    began = store.now()
    used = adapter or make_adapter(store, connection, pace=pace_of(store, connection, patience=PATIENCE_SECONDS))
    try:
        found = watch(used.templates())
        result = store.catalogue.synchronize(connection.name, found, began, accept_missing=accept_missing)
    finally:
        if adapter is None:
            used.close()
    for change in result.changes:
        level = logging.WARNING if change.kind in ("draft", "archived", "deleted") else logging.INFO
        log.log(level, "connection %s: %s", connection.name, change)
    held, released = store.repair.follow_templates(connection.name, store.now)
    if held:
        log.warning("connection %s: %d awards are held: their badge templates are not active", connection.name, held)
    if released:
        log.info("connection %s: %d awards go on: their badge templates are active again", connection.name, released)
    return result
