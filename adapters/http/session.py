"""What every client of ours does alike: sessions that keep nothing, and answers of bounded size."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from .hosts import is_loopback

POOL_SIZE = 16
CHUNK_BYTES = 64 * 1024


class TooLargeError(Exception):
    """An answer is larger than may be read."""


class HeaderAuth(AuthBase):
    """Sets the header that authenticates. Given as ``auth``, it keeps a ``.netrc`` from doing so."""

    def __init__(self, value: str, header: str = "Authorization") -> None:
        self._value = value
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._value
        return request


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given as ``auth``, it keeps requests from sending what a ``.netrc`` says."""
    return request


def new_session(base: str) -> requests.Session:
    """For requests to one base URL: kept-alive, without cookies, without attempts of its own. For several threads."""
    session = requests.Session()
    # A proxy from the environment would get what is meant for this machine, in clear.
    session.trust_env = not is_loopback(urlsplit(base).hostname or "")
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=POOL_SIZE, max_retries=0))
    return session


def read_all(response: requests.Response, most: int) -> bytes:
    """The whole body of a streamed answer. :raises TooLargeError: it has more than so many bytes."""
    content = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        content += chunk
        if len(content) > most:
            raise TooLargeError
    return bytes(content)
