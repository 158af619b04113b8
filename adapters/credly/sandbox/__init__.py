"""A Credly of one's own: what its API does, with each uncertain point as a knob."""

from .app import create_sandbox
from .knobs import Knobs

__all__ = ["Knobs", "create_sandbox"]
