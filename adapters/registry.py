"""Which badge providers are installed: the entry-point group ``badgerelay.adapters``."""

import logging
from importlib.metadata import entry_points

from .base import Adapter
from .errors import ConfigurationError

GROUP = "badgerelay.adapters"
USUAL = "credly"
"""The provider that comes first, where one is wanted and none was named."""

log = logging.getLogger(__name__)


def adapter_names() -> list[str]:
    """The installed providers, the usual one first."""
    names = dict.fromkeys(entry.name.lower() for entry in entry_points(group=GROUP))
    return sorted(names, key=lambda name: (name != USUAL, name))


def load_adapter(name: str) -> type[Adapter]:
    """The adapter class of that name, in any case of letters.

    :raises ConfigurationError: none of that name is installed, or it does not load.
    """
    for entry in entry_points(group=GROUP):
        if entry.name.lower() == name.lower():
            break
    else:
        raise ConfigurationError(f"no badge provider {name!r} is installed (installed: {', '.join(adapter_names())})")
    try:
        adapter = entry.load()
    except Exception as error:
        log.exception("adapter %s does not load", entry.name)
        raise ConfigurationError(f"the adapter {entry.name!r} does not load: {type(error).__name__}") from error
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
        raise ConfigurationError(f"the adapter {entry.name!r} is not a subclass of badgerelay.adapters.Adapter")
    return adapter
