"""What local counterparts of providers and LMSs share: faults on request, knobs, and a server."""

from .faults import Fault, FaultKind, Faults
from .knobs import read_knobs
from .server import BackgroundServer, serve
from .wiring import install

__all__ = ["BackgroundServer", "Fault", "FaultKind", "Faults", "install", "read_knobs", "serve"]
