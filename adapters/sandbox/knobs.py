"""Knobs, the options of a sandbox: from an administrator's text to a typed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def read_knobs(kind: type[T], values: Mapping[str, str]) -> T:
    """Return a dataclass of knobs from texts; a missing knob has its default.

    :param kind: a dataclass whose fields are str, int, float, bool or a Literal of str and int.
    :raises ValueError: names the knob, and the known knobs or its possible values.
    """
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # T is a dataclass by contract
    read: dict[str, Any] = {}
    for name, text in values.items():
        if name not in known:
            raise ValueError(f"unknown knob {name!r} (known: {', '.join(known)})")
        try:
            read[name] = _value(hints[name], text)
        except ValueError as error:
            raise ValueError(f"knob {name!r}: {text!r} is not {error}") from None
    return kind(**read)


def _value(hint: Any, text: str) -> Any:
    """Convert a text. :raises ValueError: says what was expected."""
    if get_origin(hint) is Literal:
        for choice in get_args(hint):
            if str(choice) == text:
                return choice
        raise ValueError(f"one of {', '.join(str(choice) for choice in get_args(hint))}")
    if hint is bool:
        if text.strip().lower() not in _BOOLEANS:
            raise ValueError("on or off")
        return _BOOLEANS[text.strip().lower()]
    if hint is str:
        return text
    wanted = "a whole number, 0 or more" if hint is int else "a number, 0 or more"
    try:
        number = hint(text)
    except (ValueError, OverflowError):
        raise ValueError(wanted) from None
    if not 0 <= number < float("inf"):
        raise ValueError(wanted)
    return number
