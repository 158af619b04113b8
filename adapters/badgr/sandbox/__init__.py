"""A Badgr of one's own: what its API does, with each uncertain point as a knob."""

from .app import create_sandbox
from .knobs import Knobs
from .records import CLIENT_ID, CLIENT_SECRET, FIRST_ISSUER, PASSWORD, USERNAME

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "FIRST_ISSUER", "PASSWORD", "USERNAME", "Knobs", "create_sandbox"]
