"""The revocation status of badges: Bitstring Status Lists (https://www.w3.org/TR/vc-bitstring-status-list/).

A list has a bit for each of a million badges and is stored in blocks, so that a revocation writes one block. The list
is signed on request, if a block has changed.
"""

from __future__ import annotations

import base64
import gzip
import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..context import Change, Records
from .documents import status_list
from .issuer import Issuer, Voice, when
from .keys import KeyRing
from .rdf_canonical import SLOT, Mould
from .vc_jwt import sign_jwt

LENGTH = 2**20
"""Number of badges in a list; the specification requires at least 131,072, for privacy."""
BLOCK = 4096
"""Bytes in a block."""
BLOCKS = LENGTH // 8 // BLOCK
KIND = "status"
KEPT = 64
"""Maximum signed lists that a process caches."""

_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Position:
    """A badge's position. :param list: the list's name: the series and a number."""

    list: str
    index: int

    @classmethod
    def of(cls, series: str, number: int) -> Position:
        return cls(f"{series}-{number // LENGTH}", number % LENGTH)

    @classmethod
    def read(cls, text: str) -> Position:
        name, _, index = text.partition("/")
        return cls(name, int(index))

    def __str__(self) -> str:
        return f"{self.list}/{self.index}"


def counter(series: str) -> str:
    return f"positions-{series}"


def revocation(records: Records, position: Position) -> Change | None:
    """Return the change that sets the bit, or None if it is set."""
    block, bit = divmod(position.index, BLOCK * 8)
    key = f"{position.list}/{block:03d}"
    record = records.get(KIND, [key]).get(key)
    bits = bytearray(base64.b64decode(record.value)) if record else bytearray(BLOCK)
    mask = 0x80 >> (bit % 8)  # the first index is the highest bit of the first byte
    if bits[bit // 8] & mask:
        return None
    bits[bit // 8] |= mask
    value = base64.b64encode(bytes(bits)).decode()
    return Change(KIND, key, value, record.version if record else 0, group=position.list)


class StatusLists:
    """The signed lists of an issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[Any, str | dict[str, Any]]] = {}

    def signed(self, name: str, ring: KeyRing) -> str | dict[str, Any] | None:
        """Return the present list as a document or, for VC-JWT, a token; None if it does not exist."""
        series, _, number = name.rpartition("-")
        voice = self._issuer.voice_of(ring, series)
        records = self._issuer.records
        if voice is None or not _NUMBER.fullmatch(number):
            return None
        versions = records.versions(KIND, name)
        state = (versions, voice.key.number)
        with self._guard:
            kept = self._kept.get(name)
        if kept is not None and kept[0] == state:
            return kept[1]
        if int(number) * LENGTH >= records.taken(counter(series)):
            return None
        made = self._sign(name, voice, encoded(self._bits(records, name, list(versions))))
        with self._guard:
            self._kept[name] = (state, made)
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return made

    def _bits(self, records: Records, name: str, keys: list[str]) -> bytes:
        blocks = records.get(KIND, keys)
        made = (blocks.get(f"{name}/{number:03d}") for number in range(BLOCKS))
        return b"".join(base64.b64decode(block.value) if block else bytes(BLOCK) for block in made)

    def _sign(self, name: str, voice: Voice, bits: str) -> str | dict[str, Any]:
        url, now = f"{self._issuer.url}/status/{name}", when(self._issuer.now())
        own = {"id": url, "subject": f"{url}#list", "issued": now, "bits": bits}
        if voice.jwt:
            return sign_jwt(status_list(voice.did, own), voice, self._issuer.url)
        document, quads = _mould().fill({**own, "issuer": voice.did})
        return voice.signer.sign(document, quads, now)


def encoded(bits: bytes) -> str:
    """Encode a bitstring for ``encodedList``."""
    packed = gzip.compress(bits, compresslevel=6, mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


@lru_cache(maxsize=1)
def _mould() -> Mould:
    return Mould(status_list(SLOT + "issuer", {name: SLOT + name for name in ("id", "subject", "issued", "bits")}))
