"""Base58 in Bitcoin's alphabet, for keys and signatures (multibase ``z``)."""

from __future__ import annotations

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}

ED25519_PUBLIC = b"\xed\x01"
ED25519_PRIVATE = b"\x80\x26"


def encode(data: bytes) -> str:
    """Return ``z`` and the base58 of the bytes; each leading zero byte is a ``1``."""
    number = int.from_bytes(data, "big")
    letters = ""
    while number:
        number, value = divmod(number, 58)
        letters = _ALPHABET[value] + letters
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + letters


def decode(text: str) -> bytes:
    """Decode multibase. :raises ValueError: the text is not ``z`` and base58."""
    if not text.startswith("z") or any(letter not in _VALUES for letter in text[1:]):
        raise ValueError("not multibase base58 (z...)")
    letters = text[1:].lstrip("1")
    number = 0
    for letter in letters:
        number = number * 58 + _VALUES[letter]
    zeros = len(text) - 1 - len(letters)
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
