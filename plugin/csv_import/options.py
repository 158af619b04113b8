"""The source and the provider connections of an import: given as options, or the only ones that exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..store import Connection, Store

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class ChoiceError(ValueError):
    """An option is missing or not valid; the message names it."""


def choose_source(store: Store, said: str | None) -> str:
    """Return the given source, or the only ALM connection.

    :raises ChoiceError: the name is not valid, or nothing is given and there is not exactly one ALM connection.
    """
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
    """Return the given provider connection, or the only one.

    :raises ChoiceError: there is no such connection, or nothing is given and there is not exactly one.
    """
    known = _providers(store)
    found = [each for each in known if said in (None, each.name)]
    if len(found) != 1:
        hint = "say with --connection which provider connection issues the badges"
        raise ChoiceError(f"{hint} ({_there(known)})")
    return found[0]


@dataclass(frozen=True, slots=True)
class Issuers:
    """The provider connections that issue the badges of each provider.

    :param chosen: the connection, by the provider's name in lower case.
    :param open: the connections of each provider that has several, none of which was chosen.
    """

    chosen: Mapping[str, Connection]
    open: Mapping[str, tuple[str, ...]]


def choose_issuers(store: Store, said: Collection[str], source: str) -> Issuers:
    """Choose a connection for each provider: the given one, else the ALM account's, else the only one.

    :param said: the names of the given connections.
    :param source: the result of :func:`choose_source`.
    :raises ChoiceError: a given connection does not exist, or two given connections have the same provider.
    """
    known = _providers(store)
    account = store.connections.get(source)
    own = account.settings["provider"] if account is not None and account.role == "source" else ()
    if unknown := sorted(set(said) - {each.name for each in known}):
        raise ChoiceError(f"--connection {unknown[0]}: {_there(known)}")
    chosen: dict[str, Connection] = {}
    open_: dict[str, tuple[str, ...]] = {}
    for provider in sorted({each.type.lower() for each in known}):
        all_ = [each for each in known if each.type.lower() == provider]
        named = [each for each in all_ if each.name in said]
        if len(named) > 1:
            names = " and ".join(each.name for each in named)
            raise ChoiceError(f"--connection: {names} are of one provider, {provider}; give one of them")
        some = named or [each for each in all_ if each.name in own] or all_
        if len(some) == 1:
            chosen[provider] = some[0]
        else:
            open_[provider] = tuple(each.name for each in all_)
    return Issuers(chosen, open_)


def _providers(store: Store) -> list[Connection]:
    return [each for each in store.connections.all() if each.role == "provider"]


def _there(known: Sequence[Connection]) -> str:
    names = ", ".join(each.name for each in known)
    return f"there are {names}" if names else "none is connected: see `badgerelay connect`"
