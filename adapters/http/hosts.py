"""The hosts to which secrets may be sent: https hosts, and this machine."""

import ipaddress
import re
from urllib.parse import urlsplit

_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


def base_url(host: str, *, path: bool = False) -> str:
    """Return the base URL of a host setting, without a trailing slash.

    :param host: ``api.example.org`` (https is implied), ``https://api.example.org:8443``, or, for this machine
        alone, ``http://127.0.0.1:8080``.
    :param path: whether a path may follow, for a service that is installed below a site.
    :raises ValueError: the host is not valid; the message says what to write.
    """
    text = host.strip()
    if not text.isprintable() or " " in text:
        raise ValueError("a host is a name or an https:// URL, without blanks")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("a host is a name or an https:// URL; a port is a number from 1 to 65535") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("a host is a name or an https:// URL")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("a host is a name or an https:// URL, without user name, query or fragment")
    below = parts.path.rstrip("/")
    if below and not (path and _PATH.fullmatch(below)):
        raise ValueError("a host is a name or an https:// URL with nothing after the name but a port")
    if port == 0 or not (_is_address(name) or _NAME.fullmatch(name)):
        raise ValueError("a host is a name such as api.example.org, or an https:// URL")
    if parts.scheme == "http" and not is_loopback(name):
        raise ValueError("http:// is for this machine alone (127.0.0.1, localhost); use https://")
    shown = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "") + below


def is_loopback(name: str) -> bool:
    """Return whether a name or an address, without port, is of this machine."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
