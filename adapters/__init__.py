"""The contract with badge providers, and the providers themselves, one folder each."""

from .base import (
    Account,
    Adapter,
    Award,
    BadgeTemplate,
    Capabilities,
    Context,
    IssuedBadge,
    ListedBadge,
    Outcome,
    Recipient,
    ShareLink,
    Storage,
)
from .errors import (
    INVALID_TEMPLATE,
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)

__all__ = [
    "INVALID_TEMPLATE",
    "Account",
    "Adapter",
    "AdapterError",
    "AmbiguousError",
    "Award",
    "BadgeTemplate",
    "Capabilities",
    "ConfigurationError",
    "Context",
    "IssuedBadge",
    "ListedBadge",
    "Outcome",
    "OverBudgetError",
    "Recipient",
    "RejectedError",
    "ShareLink",
    "Storage",
    "TemporaryError",
]
