"""A local sandbox of Badgr's API; each uncertain point is a knob."""

from .app import create_sandbox
from .knobs import Knobs
from .records import CLIENT_ID, CLIENT_SECRET, FIRST_ISSUER, PASSWORD, USERNAME

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "FIRST_ISSUER", "PASSWORD", "USERNAME", "Knobs", "create_sandbox"]
