"""What local counterparts of providers and LMSs share: faults on request, knobs, and a server."""

from .arrivals import Arrivals
from .console import Shown, add_console
from .faults import Fault, FaultKind, Faults
from .knobs import read_knobs
from .server import BackgroundServer, serve
from .window import Window
from .wiring import install

__all__ = [
    "Arrivals",
    "BackgroundServer",
    "Fault",
    "FaultKind",
    "Faults",
    "Shown",
    "Window",
    "add_console",
    "install",
    "read_knobs",
    "serve",
]
