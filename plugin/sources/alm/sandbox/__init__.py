"""A local simulation of ALM: its API over an invented account, and a sender of webhooks."""

from .app import make_sandbox
from .knobs import AlmKnobs
from .world import sandbox_settings, webhook_target

__all__ = ["AlmKnobs", "make_sandbox", "sandbox_settings", "webhook_target"]
