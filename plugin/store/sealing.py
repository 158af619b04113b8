"""Secrets that are stored, opened."""

from __future__ import annotations

from ..runtime.settings import SettingsError
from ..runtime.vault import Vault
from .database import StoreUnavailableError


class SealedError(SettingsError, StoreUnavailableError):
    """A stored secret opens with none of our keys: a setting is wrong, and until it is mended nothing can be done."""


def opened(vault: Vault, sealed: str) -> str:
    """:raises SealedError: the keys that we have do not open it."""
    try:
        return vault.open(sealed)
    except SettingsError as error:
        raise SealedError(str(error)) from None
