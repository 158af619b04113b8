"""The installed badge providers, and the problems of those that do not work.

A distribution offers an adapter by an entry point of the group ``badgerelay.adapters``, or several at once by the
pluggy hook ``badge_adapters`` of a plugin in the entry-point group ``badgerelay``. A broken adapter is reported and
does not stop the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from .base import Adapter
from .errors import ConfigurationError
from .validate import problem_of

GROUP = "badgerelay.adapters"
PLUGINS = "badgerelay"
"""The entry-point group, and the pluggy project name, of plugins with the hook."""

HOOK = "badge_adapters"
OURS = "badgerelay"
"""Our own distribution; no other may use its adapters' names."""

DEFAULT = "credly"
"""The provider that is used if none was named."""

MAX_QUOTED = 200
"""Maximum characters quoted from an exception at import, when no personal data is loaded yet."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Installed:
    """One adapter as a distribution offers it.

    :param name: in lower case.
    :param distribution: its name and version.
    :param adapter: the class, or None if there is a problem.
    :param problem: a sentence without the adapter's name; empty if the adapter works.
    """

    name: str
    distribution: str
    adapter: type[Adapter] | None
    problem: str = ""


def installed() -> list[Installed]:
    """Return all offered adapters, our own first. Of two with one name the first is used; the other has a problem."""
    found: list[Installed] = []
    taken: dict[str, str] = {}
    for each in [*map(_loaded, _entries()), *_hooked()]:
        if each.name in taken and each.name not in ("", "?"):
            each = Installed(
                each.name, each.distribution, None, f"is not used, as its name is taken by {taken[each.name]}"
            )
        taken.setdefault(each.name, each.distribution)
        found.append(each)
    return found


def adapter_names() -> list[str]:
    """Return the names of the installed providers, the default and our own first; also those that do not load."""
    names = [entry.name.lower() for entry in _entries()] + [each.name for each in _hooked() if each.adapter]
    return list(dict.fromkeys(names))


def load_adapter(name: str) -> type[Adapter]:
    """Return the adapter class of that name, in any case of letters.

    :raises ConfigurationError: no such adapter is installed, or it does not work; the message says why.
    """
    wanted = name.lower()
    entry = next((entry for entry in _entries() if entry.name.lower() == wanted), None)
    found = _loaded(entry) if entry else next((each for each in _hooked() if each.name == wanted), None)
    if found is None:
        raise ConfigurationError(f"no badge provider {name!r} is installed (installed: {', '.join(adapter_names())})")
    if found.adapter is None:
        raise ConfigurationError(f"the adapter {found.name!r} of {found.distribution} {found.problem}")
    return found.adapter


def _entries() -> list[EntryPoint]:
    """Return the entry points: the default, our own, then the others by name."""
    entries = dict.fromkeys(entry_points(group=GROUP))
    return sorted(entries, key=lambda entry: (not _is_ours(entry), entry.name != DEFAULT, entry.name.lower()))


def _is_ours(entry: EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == OURS


def _from(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown distribution"


def _loaded(entry: EntryPoint) -> Installed:
    name, origin = entry.name.lower(), _from(entry)
    try:
        adapter = entry.load()
    except (Exception, SystemExit) as error:
        return Installed(name, origin, None, _does_not_load(entry, error))
    return _checked(name, origin, adapter)


def _checked(name: str, origin: str, adapter: Any) -> Installed:
    problem = problem_of(adapter, name)
    return Installed(name, origin, None if problem else adapter, problem)


def _does_not_load(entry: EntryPoint, error: BaseException) -> str:
    log.debug("%s: the entry point %s does not load", _from(entry), entry.name, exc_info=error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"does not load: {text[:MAX_QUOTED]}"


def _hooked() -> Iterator[Installed]:
    """Yield the adapters of the hook. Each plugin has its own manager, so that none stops another."""
    for entry in entry_points(group=PLUGINS):
        if _is_ours(entry):
            continue
        manager = pluggy.PluginManager(PLUGINS)
        try:
            manager.register(entry.load())
            caller = getattr(manager.hook, HOOK, None)
            given = [adapter for answer in (caller() if caller else ()) for adapter in answer or ()]
        except (Exception, SystemExit) as error:
            yield Installed(entry.name.lower(), _from(entry), None, _does_not_load(entry, error))
            continue
        for adapter in given:
            name = getattr(adapter, "name", None)
            yield _checked(name.lower() if isinstance(name, str) else "?", _from(entry), adapter)
