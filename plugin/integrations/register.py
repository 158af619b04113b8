"""Registration with an LMS host's plugin manager, and the pluggy entry point."""

from __future__ import annotations

import logging
from functools import cache

import pluggy

from ...hooks import PROJECT, implementations, specifications
from ...hooks.implementations import Implementations
from ..runtime.settings import Settings, read_settings
from .relay import Relay

PLUGIN_NAME = "badgerelay"
log = logging.getLogger("badgerelay.host")


def register(
    manager: pluggy.PluginManager, *, source: str, engine: bool = False, settings: Settings | None = None
) -> Relay:
    """Register badgerelay's hooks with a host's plugin manager, whatever its project name.

    Hooks that the host has specified itself keep the host's specification. A further call for the same manager
    replaces the earlier one and closes its relay.

    :param source: the host's short name, as its events carry it.
    :param engine: also issue badges in this process, unless there is a broker; see :class:`Relay`.
    :raises SettingsError: a setting is wrong, or this process has packages that badgerelay cannot work with.
    """
    settings = settings or read_settings()
    relay = Relay(settings, engine=engine)
    _add_specifications(manager)
    present = manager.get_plugin(PLUGIN_NAME)
    if present is not None:
        manager.unregister(present)
    manager.register(implementations(relay.take, manager.project_name), PLUGIN_NAME)
    earlier = getattr(getattr(present, "store", None), "__self__", None)
    if isinstance(earlier, Relay) and earlier.attached:  # else the entry point's, which other managers may use
        earlier.close()
    relay.attach(manager, source)
    return relay


def _add_specifications(manager: pluggy.PluginManager) -> None:
    missing = specifications(manager.project_name)
    names = [name for name in vars(missing) if not name.startswith("_")]
    for name in names:
        caller = getattr(manager.hook, name, None)
        if caller is not None and caller.has_spec():
            delattr(missing, name)
    if any(name in vars(missing) for name in names):  # pluggy refuses a class without specifications
        manager.add_hookspecs(missing)


@cache
def _entry_point() -> Implementations:
    """Return the plugin that ``manager.load_setuptools_entrypoints("badgerelay")`` finds: one in each process.

    It takes events by the environment's settings. ``register`` adds what needs to know the manager: e-mail addresses
    asked of the host, and notices for it. The store is imported here, at the host's start, so that no learner's
    request waits for that; no database is opened.
    """
    try:
        from .. import store  # noqa: F401 - see above
        from ..sources.host import events  # noqa: F401
    except ImportError as error:
        log.error("badgerelay cannot work with the packages of this process: %s", error)
    return implementations(Relay().take, PROJECT)


def __getattr__(name: str) -> Implementations:
    """Make ``plugin`` when the entry point is loaded: to import this module alone loads no store."""
    if name == "plugin":
        return _entry_point()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
