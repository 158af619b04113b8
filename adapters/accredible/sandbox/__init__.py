"""An Accredible of one's own: what its API does, with each uncertain point as a knob."""

from .app import create_sandbox
from .knobs import Knobs
from .records import API_KEY

__all__ = ["API_KEY", "Knobs", "create_sandbox"]
