"""Secrets at rest: encrypted with the first key, readable with any of them."""

from __future__ import annotations

import os
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
                "BADGERELAY_SECRET_KEYS holds something that is not a key: each is 32 bytes in URL-safe base64, as "
                "`badgerelay db new-key` prints"
            ) from error

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """:raises SettingsError: no key of ours opens it."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SettingsError(
                "a stored secret cannot be decrypted: the key that encrypted it is missing from "
                f"BADGERELAY_SECRET_KEYS (or from {KEY_FILE} in BADGERELAY_HOME)"
            ) from error

    def reseal(self, sealed: str) -> str:
        """The same secret under the newest key."""
        return self.seal(self.open(sealed))


def new_key() -> str:
    return Fernet.generate_key().decode()


def open_vault(settings: Settings) -> Vault:
    """The vault of these settings; makes the key file (mode 0600) where neither it nor a variable exists."""
    return Vault(settings.secret_keys or _key_file(settings.home / KEY_FILE))


def _key_file(path: Path) -> tuple[str, ...]:
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(new_key() + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)  # another process may have been first: then theirs stands
        except FileExistsError:
            pass
        except OSError as error:
            raise SettingsError(f"BADGERELAY_HOME: cannot make {path}: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)
    try:
        return tuple(path.read_text().split())
    except OSError as error:
        raise SettingsError(f"BADGERELAY_HOME: cannot read {path}: {error.strerror}") from error
