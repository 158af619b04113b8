"""A local sandbox of Accredible's API; each uncertain point is a knob."""

from .app import create_sandbox
from .knobs import Knobs
from .records import API_KEY

__all__ = ["API_KEY", "Knobs", "create_sandbox"]
