"""The present badge templates of a provider."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...adapters.values import BadgeTemplate
from ..store import Connection, Store
from .pool import make_adapter
from .rate_limits import pace_of
from .template_sync import sync_templates

FRESH_SECONDS = 300.0
"""Maximum seconds since a synchronization whose result is used again."""


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    name: str
    state: str


def current_templates(store: Store, connection: Connection, *, keep: bool) -> list[Template]:
    """Return the templates of a recent synchronization, else ask the provider now.

    :param keep: also bring the catalogue up to date.
    :raises AdapterError: the provider does not answer.
    """
    if store.catalogue.synchronized_at(connection.name) < store.now() - FRESH_SECONDS:
        if not keep:
            return [Template(each.id, each.name, each.state) for each in live_templates(store, connection)]
        sync_templates(store, connection)
    rows = store.catalogue.templates(connection.name)
    return [Template(row.template_id, row.name, row.state) for row in rows]


def live_templates(store: Store, connection: Connection) -> list[BadgeTemplate]:
    """Ask the provider for its templates, each once. :raises AdapterError: it does not answer."""
    adapter = make_adapter(store, connection, pace=pace_of(store, connection, patience=math.inf))
    try:
        return list({template.id: template for template in adapter.templates()}.values())
    finally:
        adapter.close()
