"""Everything that must survive: connections, inbox, ledger, history."""

from .connections.connections import Connection
from .database import StoreUnavailableError
from .inbox.inbox import HOSTS, IMPORTS, NewEvent, host_lane
from .ledger.ledger import Plan, Settled
from .store import Store, open_store

__all__ = [
    "HOSTS",
    "IMPORTS",
    "Connection",
    "NewEvent",
    "Plan",
    "Settled",
    "Store",
    "StoreUnavailableError",
    "host_lane",
    "open_store",
]
