"""Remove secrets and addresses from a provider's words."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_QUOTE = 300
"""Maximum characters of a quotation."""

_MAX_SEARCHED = 4_000
_EMAIL = re.compile(r"[^\s@<>\"'(),;:]{1,320}(?:@|%40)[^\s@<>\"'(),;]{1,320}")


def quote(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a provider's sentence for logs: one line of MAX_QUOTE characters, without e-mail and ``secrets``."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "(secret)")
    if len(text) > _MAX_SEARCHED:
        # The last word of the cut text could be half an address.
        text = text[:_MAX_SEARCHED].rpartition(" ")[0]
    line = " ".join(_EMAIL.sub("(e-mail)", text).split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= MAX_QUOTE else line[: MAX_QUOTE - 1] + "…"
