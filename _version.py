"""The version of badgerelay."""

__version__ = "0.1.0"
