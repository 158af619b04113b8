"""Secrets at rest: encrypted with the first key, readable with any of them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from .settings import Settings, SettingsError

KEY_FILE = "secret.keys"


class Vault:
    """:param keys: Fernet keys, newest first. :raises SettingsError: one of them is not such a key."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SettingsError(
                f"BADGERELAY_SECRET_KEYS (or {KEY_FILE} in BADGERELAY_HOME) holds no key, or something that is not "
                "one: each is 32 bytes in URL-safe base64, as `badgerelay db new-key` prints"
            ) from error

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt a sealed text.

        :raises SettingsError: when no key of ours opens it.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SettingsError(
                "a stored secret cannot be decrypted: the key that encrypted it is missing from "
                f"BADGERELAY_SECRET_KEYS (or from {KEY_FILE} in BADGERELAY_HOME)"
            ) from error

    def reseal(self, sealed: str) -> str:
        """Return the same secret under the newest key."""
        return self.seal(self.open(sealed))


def new_key() -> str:
    return Fernet.generate_key().decode()


def open_vault(settings: Settings) -> Vault:
    """Return the vault of these settings; make the key file (mode 0600) where neither it nor a variable exists."""
    return Vault(settings.secret_keys or _key_file(settings.home / KEY_FILE))


def _key_file(path: Path) -> tuple[str, ...]:
    if not path.exists():
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_key_file(path)
        except OSError as error:
            raise SettingsError(f"BADGERELAY_HOME: cannot make {path}: {error.strerror}") from error
    try:
        return tuple(path.read_text().split())
    except OSError as error:
        raise SettingsError(f"BADGERELAY_HOME: cannot read {path}: {error.strerror}") from error


def _make_key_file(path: Path) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.") as draft:  # its mode is 0600
        draft.write(new_key() + "\n")
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):  # another thread or process was first: then theirs stands
            os.link(draft.name, path)
