"""What the environment says, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SettingsError(ValueError):
    """A setting is wrong; the message names the variable and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """:param secret_keys: empty means: the key file in ``home``. :param log_format: ``text`` or ``json``."""

    home: Path
    database_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    log_format: str = "text"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; empty variables count as unset.

    :raises SettingsError: a variable has a value that cannot be.
    """
    environ = os.environ if environ is None else environ
    home = Path(environ["BADGERELAY_HOME"]) if environ.get("BADGERELAY_HOME") else _default_home()
    log_format = environ.get("BADGERELAY_LOG_FORMAT") or "text"
    if log_format not in ("text", "json"):
        raise SettingsError(f"BADGERELAY_LOG_FORMAT is {log_format!r}: use text or json")
    if environ.get("BADGERELAY_BROKER_URL"):
        raise SettingsError(
            "BADGERELAY_BROKER_URL is set, and this version has no broker engine yet: unset it; several workers can "
            "share one PostgreSQL through BADGERELAY_DATABASE_URL"
        )
    return Settings(
        home=home.expanduser().absolute(),
        database_url=environ.get("BADGERELAY_DATABASE_URL")
        or f"sqlite:///{home.expanduser().absolute() / 'badgerelay.db'}",
        secret_keys=tuple(key.strip() for key in environ.get("BADGERELAY_SECRET_KEYS", "").split(",") if key.strip()),
        log_format=log_format,
    )


def _default_home() -> Path:
    import platformdirs

    return platformdirs.user_data_path("badgerelay", appauthor=False)
