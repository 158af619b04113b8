"""What a refused badge template means for an award: held where it may become active, rejected where it is none.

The catalogue may be older than the refusal, so the provider is asked for its templates first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Row

from ...adapters.base import Adapter, Outcome
from ...adapters.errors import INVALID_TEMPLATE, AdapterError, RejectedError, TemporaryError
from ..store import Connection, Store, StoreUnavailableError
from ..store.catalogue import unusable
from ..synchronizing import sync_templates

FRESH_SECONDS = 10.0
"""A catalogue this young is not synchronized again for a refusal: each batch of a burst may meet one."""

ATTEMPTS = 3
"""So often an award is sent at least, though the provider refuses its template and lists it as active."""

log = logging.getLogger("badgerelay.delivery")
_Result = tuple[Row[Any], Outcome]


class UnusableTemplateError(AdapterError):
    """The template exists, and nothing can be issued from it now."""


def refuses_template(outcome: Outcome) -> bool:
    return isinstance(outcome, RejectedError) and outcome.code == INVALID_TEMPLATE


def judged(store: Store, connection: Connection, adapter: Adapter, refused: Sequence[_Result]) -> list[_Result]:
    """What became of awards whose template the provider refused: it answers, so the connection works."""
    if connection.failures:
        store.connections.recover(connection.name)
    asked = False
    if not _explained(store, connection, {row.template_id for row, _ in refused}):
        trouble = _synchronize(store, connection, adapter)
        if trouble is not None:
            return [(row, trouble) for row, _ in refused]
        asked = True
    return [(row, _judged(store, connection, row, outcome, asked=asked)) for row, outcome in refused]


def _explained(store: Store, connection: Connection, templates: set[str]) -> bool:
    """Whether the catalogue says why they are refused, or is too young to be told anything new."""
    if 0.0 <= store.now() - store.catalogue.synchronized_at(connection.name) < FRESH_SECONDS:
        return True
    return all(store.catalogue.state_of(connection.name, each) not in (None, "active") for each in templates)


def _synchronize(store: Store, connection: Connection, adapter: Adapter) -> TemporaryError | None:
    """Why it failed, or None."""
    try:
        sync_templates(store, connection, adapter=adapter)
    except StoreUnavailableError:
        raise
    except Exception as error:
        if not isinstance(error, AdapterError):
            log.exception("connection %s: its templates were not synchronized", connection.name)
        what = error if isinstance(error, AdapterError) else type(error).__name__
        wait = error.retry_after if isinstance(error, TemporaryError) else None
        said = f"the provider refused the badge template, and its templates could not be asked for: {what}"
        return TemporaryError(said, retry_after=wait)
    return None


def _judged(store: Store, connection: Connection, row: Row[Any], refusal: Outcome, *, asked: bool) -> Outcome:
    """:param asked: the catalogue is newer than the refusal."""
    state = store.catalogue.state_of(connection.name, row.template_id)
    if state not in (None, "active"):
        return UnusableTemplateError(f"{unusable(str(state))}: goes on by itself once it is active")
    if state == "active" and (row.attempts < ATTEMPTS or not asked):
        said = "the provider refused the badge template, which it lists as active"
        return TemporaryError(said, retry_after=FRESH_SECONDS)
    return refusal
