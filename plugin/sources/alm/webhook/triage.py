"""What an event may become, by what it says alone: the door asks on arrival, the source again when it is replayed."""

from __future__ import annotations

from typing import Literal

from .decoder import COMPLETED, KNOWN, DeliveredEvent
from .event_names import SYNTHETIC

Fate = tuple[Literal["received", "ignored", "dead"], str | None]

UNKNOWN_ACCOUNT = "?"
"""Stands for the account of a delivery whose ``accountId`` cannot be read; no account of ALM is called so."""

_PREFIX = "alm:"


def source_of(account: str) -> str:
    """The inbox's name for an ALM account."""
    return _PREFIX + account


def account_of(source: str) -> str:
    return source.removeprefix(_PREFIX)


def fate_of(event: DeliveredEvent, account: str, own: str) -> Fate:
    """The state of an event before anybody is asked, and why it is no other.

    :param account: whose it is. :param own: whose the connection is.
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
