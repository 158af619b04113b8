"""The whole contract in one class."""

from .changing import ChangingContract
from .connecting import ConnectingContract
from .discretion import DiscretionContract
from .doubt import DoubtContract
from .issuing import IssuingContract
from .listing import ListingContract
from .sharing import SharingContract
from .trouble import TroubleContract


class AdapterContract(
    ConnectingContract,
    IssuingContract,
    TroubleContract,
    DoubtContract,
    ChangingContract,
    ListingContract,
    SharingContract,
    DiscretionContract,
):
    """The duties of every adapter. Define the fixture ``provider``, which returns a :class:`.Provider`."""
