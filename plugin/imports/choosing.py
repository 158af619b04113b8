"""For which source, and from which provider connection: said, or the only one that there is."""

from __future__ import annotations

import re

from ..store import Connection, Store

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class ChoiceError(ValueError):
    """It has to be said; the message names the option."""


def choose_source(store: Store, said: str | None) -> str:
    """:raises ChoiceError: there is not exactly one ALM connection, or it is no name."""
    if said is not None:
        if not _SOURCE.match(said):
            raise ChoiceError("--source must be 1 to 64 of letters, digits, '.', '_', '-'")
        known = store.connections.get(said)
        if known is not None and known.role == "provider":
            raise ChoiceError(f"--source {said} is a badge provider; name an LMS host or an ALM connection")
        return said
    names = [each.name for each in store.connections.all() if each.role == "source"]
    if len(names) != 1:
        found = f"there are {', '.join(names)}" if names else "no ALM account is connected"
        raise ChoiceError(f"say with --source for which LMS host or ALM connection it is ({found})")
    return names[0]


def choose_connection(store: Store, said: str | None) -> Connection:
    """The provider connection of badges. :raises ChoiceError: as above."""
    found = [each for each in store.connections.all() if each.role == "provider" and said in (None, each.name)]
    if len(found) != 1:
        known = [each.name for each in store.connections.all() if each.role == "provider"]
        there = f"there are {', '.join(known)}" if known else "none is connected: see `badgerelay connect`"
        raise ChoiceError(f"say with --connection which provider connection issues the badges ({there})")
    return found[0]
