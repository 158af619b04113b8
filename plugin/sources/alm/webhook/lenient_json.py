"""A lenient JSON parser: values that are not storable are marked in place, to be found afterwards.

One invalid value must not cost the others of the same body, so only a body that is not JSON raises an error.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 100
"""Maximum nesting of one value. A body of about 900 levels is refused as a whole."""
MAX_DIGITS = 100
"""Maximum digits of a whole number."""

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and lone surrogates, which no database stores in text. Bytes that are not UTF-8 become such surrogates."""

_LABEL_LENGTH = 60
_dump = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_dump_sorted = json.JSONEncoder(separators=(",", ":"), check_circular=False, sort_keys=True).encode


class NotJsonError(ValueError):
    """The body as a whole is not JSON."""


class Impossible(str):
    """Stands for a number that is not storable: NaN, an infinity, or one of too many digits."""

    __slots__ = ()


class Doubled(dict[str, Any]):
    """An object with a repeated key; the last value counts.

    :ivar pairs: all keys and values, in their order.
    """

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def repeated(self) -> str:
        """Return the first repeated key."""
        seen: set[str] = set()
        return next(key for key, _ in self.pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]


class _Reader:
    """The hooks of one parse."""

    __slots__ = ("marked",)

    def __init__(self) -> None:
        self.marked = False

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        self.marked = True
        return Doubled(pairs)

    def constant(self, text: str) -> Impossible:
        self.marked = True
        return Impossible(text)

    def integer(self, text: str) -> int | Impossible:
        return int(text) if len(text) <= MAX_DIGITS else self.constant(text[:MAX_DIGITS])

    def real(self, text: str) -> float | Impossible:
        number = float(text)
        return number if math.isfinite(number) else self.constant(text[:MAX_DIGITS])


def read(body: bytes) -> tuple[Any, bool]:
    """Return the value, and whether a part of it is marked as :class:`Impossible` or :class:`Doubled`.

    Raw control characters within strings are tolerated.

    :raises NotJsonError: the body is not JSON, or is nested too deep.
    """
    reader = _Reader()
    decoder = json.JSONDecoder(
        object_pairs_hook=reader.object,
        parse_constant=reader.constant,
        parse_int=reader.integer,
        parse_float=reader.real,
        strict=False,
    )
    try:
        value = decoder.decode(body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"))
    except RecursionError:
        raise NotJsonError(f"the body is nested too deep; {MAX_DEPTH} levels are allowed") from None
    except json.JSONDecodeError as error:
        raise NotJsonError(f"the body is not JSON: {error.msg} at character {error.pos}") from None
    return value, reader.marked


def dump(value: Any, *, sort: bool = False) -> str:
    """Return the value as ASCII JSON, which is always storable; ``null`` if it is nested too deep."""
    try:
        return _dump_sorted(value) if sort else _dump(value)
    except RecursionError:
        return "null"


def find_flaw(value: Any) -> str | None:
    """Return the first fault of ``value`` in a sentence, or None if it is storable."""
    stack: list[tuple[str, int, Any]] = [("", 1, value)]
    while stack:
        path, depth, item = stack.pop()
        if isinstance(item, str):
            if type(item) is Impossible:
                return f"{label(path)} is not a number in JSON: {item[:20]}"
            if UNSTORABLE.search(item):
                return f"{label(path)} has a NUL character or is not valid Unicode"
        elif isinstance(item, (dict, list)):
            if depth > MAX_DEPTH:
                return f"{label(path)} is nested deeper than {MAX_DEPTH} levels"
            if isinstance(item, list):
                stack.extend((path, depth + 1, inner) for inner in item)
                continue
            if isinstance(item, Doubled):
                return f"{label(_join(path, item.repeated()))} is repeated"
            for key, inner in item.items():
                if UNSTORABLE.search(key):
                    return f"a field of {label(path)} has a NUL character or invalid Unicode in its name"
                stack.append((_join(path, key), depth + 1, inner))
    return None


def label(path: str) -> str:
    """Return the path of a field for a sentence: quoted, short, and ASCII."""
    return dump(path[:_LABEL_LENGTH]) if path else "the event"


def _join(path: str, key: str) -> str:
    return f"{path[:_LABEL_LENGTH]}.{key}" if path else key
