"""The contract with badge providers, and the providers themselves, one folder each."""

from .base import Adapter, Capabilities
from .context import Change, Context, Record, Records, Storage
from .errors import (
    INVALID_TEMPLATE,
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from .values import (
    Account,
    Award,
    BadgeTemplate,
    IssuedBadge,
    ListedBadge,
    Outcome,
    Recipient,
    ShareLink,
    TemplateDraft,
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
    "Change",
    "ConfigurationError",
    "Context",
    "IssuedBadge",
    "ListedBadge",
    "Outcome",
    "OverBudgetError",
    "Recipient",
    "Record",
    "Records",
    "RejectedError",
    "ShareLink",
    "Storage",
    "TemplateDraft",
    "TemporaryError",
]
