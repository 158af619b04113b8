"""HTTP sessions without cookies or retries, and answers of bounded size."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from .hosts import is_loopback

POOL_SIZE = 16
"""Kept-alive connections of a session."""

CHUNK_BYTES = 64 * 1024
"""Bytes that are read from an answer at once."""


class TooLargeError(Exception):
    """An answer is larger than the limit."""


class HeaderAuth(AuthBase):
    """Authentication by a header. It keeps requests from using a ``.netrc`` file."""

    def __init__(self, value: str, header: str = "Authorization") -> None:
        self._value = value
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._value
        return request


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the request as it is; as ``auth`` it keeps requests from using a ``.netrc`` file."""
    return request


def new_session(base: str) -> requests.Session:
    """Return a session for one base URL: kept-alive, without cookies or retries; several threads may use it."""
    session = requests.Session()
    # A proxy from the environment would receive requests to this machine in clear text.
    session.trust_env = not is_loopback(urlsplit(base).hostname or "")
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=POOL_SIZE, max_retries=0))
    return session


def read_all(response: requests.Response, most: int) -> bytes:
    """Return the whole body of a streamed answer. :raises TooLargeError: it has more than ``most`` bytes."""
    content = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        content += chunk
        if len(content) > most:
            raise TooLargeError
    return bytes(content)
