"""Registration with an LMS host's plugin manager, and the pluggy entry point."""

from __future__ import annotations

import pluggy

from ...hooks import PROJECT, implementations, specifications
from ..runtime.settings import Settings, read_settings
from .relay import Relay

PLUGIN_NAME = "badgerelay"


def register(
    manager: pluggy.PluginManager, *, source: str, engine: bool = False, settings: Settings | None = None
) -> Relay:
    """Register badgerelay's hooks with a host's plugin manager, whatever its project name.

    Hooks that the host has specified itself keep the host's specification.

    :param source: the host's short name, as its events carry it.
    :param engine: also issue badges in this process, unless there is a broker; see :class:`Relay`.
    :raises SettingsError: a setting is wrong.
    """
    settings = settings or read_settings()
    relay = Relay(settings, engine=engine)
    _add_specifications(manager)
    present = manager.get_plugin(PLUGIN_NAME)
    if present is not None:  # load_setuptools_entrypoints was faster
        manager.unregister(present)
    manager.register(implementations(relay.take, manager.project_name), PLUGIN_NAME)
    relay.attach(manager, source)
    return relay


def _add_specifications(manager: pluggy.PluginManager) -> None:
    missing = specifications(manager.project_name)
    for name in [name for name in vars(missing) if not name.startswith("_")]:
        caller = getattr(manager.hook, name, None)
        if caller is not None and caller.has_spec():
            delattr(missing, name)
    manager.add_hookspecs(missing)


plugin = implementations(Relay().take, PROJECT)
"""What ``manager.load_setuptools_entrypoints("badgerelay")`` registers: events in, by the environment's settings.

``register`` adds what needs to know the manager: e-mails asked of the host, and news for it.
"""
