"""A provider's own words, fit for logs."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_QUOTE = 300
_MAX_SEARCHED = 4_000
_EMAIL = re.compile(r"[^\s@<>\"'(),;:]{1,320}(?:@|%40)[^\s@<>\"'(),;]{1,320}")


def quote(text: str, secrets: Iterable[str] = ()) -> str:
    """A provider's sentence, fit for logs: one line, at most MAX_QUOTE characters, no e-mail, none of ``secrets``."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "(secret)")
    if len(text) > _MAX_SEARCHED:
        # What the cut leaves of its last word could be half an address.
        text = text[:_MAX_SEARCHED].rpartition(" ")[0]
    line = " ".join(_EMAIL.sub("(e-mail)", text).split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= MAX_QUOTE else line[: MAX_QUOTE - 1] + "…"
