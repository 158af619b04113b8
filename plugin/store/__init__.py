"""Everything that must survive: connections, inbox, ledger, history."""

from .connections.connections import Connection
from .database import StoreBusyError, StoreUnavailableError, Transaction
from .inbox.events import HOSTS, IMPORTS, InboxEvent, NewEvent, host_lane
from .ledger.awards import LedgerAward, Plan, Settled
from .schema.awards import AWARD_STATES, HeldReason
from .schema.events import EVENT_STATES
from .store import Store, open_store

__all__ = [
    "AWARD_STATES",
    "EVENT_STATES",
    "HOSTS",
    "IMPORTS",
    "Connection",
    "HeldReason",
    "InboxEvent",
    "LedgerAward",
    "NewEvent",
    "Plan",
    "Settled",
    "Store",
    "StoreBusyError",
    "StoreUnavailableError",
    "Transaction",
    "host_lane",
    "open_store",
]
