"""badgerelay: turn finished courses into verifiable badges, exactly once.

The public names load on first use, so that ``import badgerelay.hooks`` stays light inside an LMS.
"""

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .plugin.integrations.register import register
    from .plugin.integrations.relay import Relay

__all__ = ["Relay", "__version__", "register"]


def __getattr__(name: str) -> Any:
    if name == "Relay":
        from .plugin.integrations.relay import Relay

        return Relay
    if name == "register":
        from .plugin.integrations.register import register

        return register
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
