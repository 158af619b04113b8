"""The first state of an event, by its own content: checked on arrival, and again when the event is replayed."""

from __future__ import annotations

from typing import Literal

from .decoder import COMPLETED, KNOWN, DeliveredEvent
from .event_names import SYNTHETIC

Triage = tuple[Literal["received", "ignored", "dead"], str | None]
"""A state, and the reason for any other than ``received``."""

UNKNOWN_ACCOUNT = "?"
"""Stands for the account of a delivery whose ``accountId`` is not readable; no account of ALM has this id."""

_PREFIX = "alm:"


def source_of(account: str) -> str:
    """Return the inbox's name for an ALM account."""
    return _PREFIX + account


def account_of(source: str) -> str:
    return source.removeprefix(_PREFIX)


def triage(event: DeliveredEvent, account: str, own: str) -> Triage:
    """Return the state of an event before any look-up.

    :param account: the account of the event. :param own: the account of the connection.
    """
    if account == UNKNOWN_ACCOUNT:
        return "ignored", "the delivery's accountId cannot be read"
    if account != own:
        return "ignored", f"it is of account {account}, and this connection is for account {own}"
    if not event.name:
        return "dead", event.problem or "it has no name"
    if event.name in SYNTHETIC:
        return "ignored", SYNTHETIC[event.name]
    if event.name not in COMPLETED:
        known = event.name in KNOWN
        return "ignored", "this kind of event earns nothing" if known else "ALM publishes no event of this name"
    if event.problem:
        return "dead", event.problem
    return "received", None
