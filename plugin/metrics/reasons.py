"""Reasons as labels: few, short, and without what names a person or a thing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

MAX_REASONS = 40
"""Different reasons in one metric; the rest is counted as ``other``."""

MAX_CHARACTERS = 60
OTHER = "other"

_QUOTED = re.compile(r"""(?<!\w)'[^']*'(?!\w)|"[^"]*"|`[^`]*`""")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*[,.;:]?\Z")


def reason_label(reason: str | None) -> str:
    """What a reason says in general: without quoted parts, numbers, ids, addresses and URLs, cut short."""
    words = _QUOTED.sub(" ", reason or "").replace("(", " ").replace(")", " ").split()
    label = ""
    for word in words:
        if not _WORD.match(word) or len(word) > 24:
            continue
        if len(label) + len(word) > MAX_CHARACTERS:
            break
        label += f" {word}"
    return label.strip(" ,.;:")


def code_label(reason: str | None) -> str:
    """The code before the first colon of a rejection: the rest is the provider's text, which may name people."""
    code = (reason or "").partition(":")[0]
    return code if re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", code) else ""


def most_frequent(counts: Iterable[tuple[str, int]]) -> set[str]:
    """The labels that keep their name."""
    total: Counter[str] = Counter()
    for label, rows in counts:
        total[label] += rows
    return {label for label, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))[:MAX_REASONS]}
