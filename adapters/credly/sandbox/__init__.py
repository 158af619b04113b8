"""A local sandbox of Credly's API; each uncertain point is a knob."""

from .app import create_sandbox
from .knobs import Knobs
from .records import FIRST_ORGANIZATION, FIRST_TOKEN

__all__ = ["FIRST_ORGANIZATION", "FIRST_TOKEN", "Knobs", "create_sandbox"]
