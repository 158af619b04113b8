"""Settings from the environment, read once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

BROKERS = ("amqp", "amqps", "redis", "rediss")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")


class SettingsError(ValueError):
    """A setting is wrong; the message names the variable and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """:param secret_keys: empty means: the key file in ``home``. :param log_format: ``text`` or ``json``.
    :param public_url: where everybody reaches the receiver, without a slash at its end; empty: nowhere.
    :param broker_url: of RabbitMQ or Redis; None: no broker, the embedded engine works.
    """

    home: Path
    database_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    log_format: str = "text"
    broker_url: str | None = field(default=None, repr=False)
    public_url: str = ""


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment; empty variables count as unset.

    :raises SettingsError: a variable has a value that is not valid.
    """
    environ = os.environ if environ is None else environ
    home = Path(environ["BADGERELAY_HOME"]) if environ.get("BADGERELAY_HOME") else _default_home()
    log_format = environ.get("BADGERELAY_LOG_FORMAT") or "text"
    if log_format not in ("text", "json"):
        raise SettingsError(f"BADGERELAY_LOG_FORMAT is {log_format!r}: use text or json")
    database_url = (
        environ.get("BADGERELAY_DATABASE_URL") or f"sqlite:///{home.expanduser().absolute() / 'badgerelay.db'}"
    )
    return Settings(
        home=home.expanduser().absolute(),
        database_url=database_url,
        secret_keys=tuple(key.strip() for key in environ.get("BADGERELAY_SECRET_KEYS", "").split(",") if key.strip()),
        log_format=log_format,
        broker_url=_broker_url(environ.get("BADGERELAY_BROKER_URL", ""), database_url),
        public_url=_public_url(environ.get("BADGERELAY_PUBLIC_URL", "")),
    )


def _public_url(url: str) -> str:
    if not url:
        return ""
    from ...adapters.http.hosts import base_url

    parts = urlsplit(url)
    try:
        base = base_url(f"{parts.scheme}://{parts.netloc}") if "://" in url else ""
    except ValueError:
        base = ""
    if not base or parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        raise SettingsError(
            "BADGERELAY_PUBLIC_URL is not where everybody can reach the receiver: use https://HOST or "
            "https://HOST/PATH (http:// only for this machine itself)"
        )
    return base + parts.path.rstrip("/")


def _broker_url(url: str, database_url: str) -> str | None:
    if not url:
        return None
    if url.partition("://")[0] not in BROKERS or not url.partition("://")[2]:
        raise SettingsError(
            "BADGERELAY_BROKER_URL is not a broker's URL that works here: use amqp://USER:PASSWORD@HOST/VHOST or "
            "redis://HOST/NUMBER (amqps:// and rediss:// for TLS), or unset it for the embedded engine"
        )
    if database_url.startswith("sqlite"):
        raise SettingsError(
            "BADGERELAY_BROKER_URL is set and BADGERELAY_DATABASE_URL is SQLite, which only one machine can use: "
            "set BADGERELAY_DATABASE_URL=postgresql+psycopg://..., or unset BADGERELAY_BROKER_URL for the embedded "
            "engine"
        )
    return url


def _default_home() -> Path:
    import platformdirs

    return platformdirs.user_data_path("badgerelay", appauthor=False)
