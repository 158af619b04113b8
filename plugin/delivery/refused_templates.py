"""Refused badge templates: the award is held where the template may become active, else rejected.

The catalogue may be older than the refusal, so the provider is asked for its templates first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ...adapters.base import Adapter
from ...adapters.errors import INVALID_TEMPLATE, AdapterError, RejectedError, TemporaryError
from ...adapters.values import Outcome
from ..providers.template_sync import sync_templates
from ..store import Connection, LedgerAward, Store, StoreUnavailableError
from ..store.catalogue.templates import unusable

FRESH_SECONDS = 10.0
"""Seconds within which a catalogue is not synchronized again for a refusal: each batch of a burst may meet one."""

LOCK_SECONDS = 60.0
"""Seconds until the lock of a process that asks for the templates ends."""

ATTEMPTS = 3
"""Minimum attempts of an award whose template the provider refuses and lists as active."""

log = logging.getLogger("badgerelay.delivery")
_Result = tuple[LedgerAward, Outcome]
_BEING_ASKED = TemporaryError(
    "the provider refused the badge template; its templates are being asked for", retry_after=1.0
)


class UnusableTemplateError(AdapterError):
    """The template exists, and nothing can be issued from it now."""


def refuses_template(outcome: Outcome) -> bool:
    return isinstance(outcome, RejectedError) and outcome.code == INVALID_TEMPLATE


def judged(store: Store, connection: Connection, adapter: Adapter, refused: Sequence[_Result]) -> list[_Result]:
    """Return the outcomes of awards whose template the provider refused."""
    asked, templates = False, {row.template_id for row, _ in refused}
    if not _explained(store, connection, templates):
        # Several batches may be refused at once: one of them asks, the others come again.
        with store.storage(connection.name).lock("templates", seconds=LOCK_SECONDS) as mine:
            trouble = _BEING_ASKED if not mine else None
            if mine and not _explained(store, connection, templates):
                trouble, asked = _synchronize(store, connection, adapter), True
        if trouble is not None:
            return [(row, trouble) for row, _ in refused]
    return [(row, _judged(store, connection, row, outcome, asked=asked)) for row, outcome in refused]


def _explained(store: Store, connection: Connection, templates: set[str]) -> bool:
    """Return whether the catalogue explains the refusal, or is too young for a new answer."""
    if 0.0 <= store.now() - store.catalogue.synchronized_at(connection.name) < FRESH_SECONDS:
        return True
    return all(store.catalogue.state_of(connection.name, each) not in (None, "active") for each in templates)


def _synchronize(store: Store, connection: Connection, adapter: Adapter) -> TemporaryError | None:
    """Synchronize the templates; return why it failed, or None."""
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


def _judged(store: Store, connection: Connection, row: LedgerAward, refusal: Outcome, *, asked: bool) -> Outcome:
    """Return the outcome of one award. :param asked: the catalogue is newer than the refusal."""
    state = store.catalogue.state_of(connection.name, row.template_id)
    if state not in (None, "active"):
        return UnusableTemplateError(f"{unusable(str(state))}: goes on by itself once it is active")
    if state == "active" and (row.attempts < ATTEMPTS or not asked):
        said = "the provider refused the badge template, which it lists as active"
        return TemporaryError(said, retry_after=FRESH_SECONDS)
    return refusal
