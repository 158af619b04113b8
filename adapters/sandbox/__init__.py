"""Parts that the sandboxes of providers and LMSs share: faults on request, knobs, and a server."""

from .control_api import Shown, add_console
from .fault_injection import install
from .faults import Fault, FaultKind, Faults
from .knobs import read_knobs
from .rate_window import Window
from .request_log import Arrivals
from .server import BackgroundServer, serve

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
