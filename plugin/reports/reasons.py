"""The reasons for which events earned nothing and awards are not issued, with their numbers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ..store import Store

MAX_CHARACTERS = 60
"""Maximum characters of a reason in the report."""

_QUOTED = re.compile(r"""(?<!\w)'[^']*'(?!\w)|"[^"]*"|`[^`]*`""")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*[,.;:]?\Z")


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One line of the report.

    :param kind: ``event`` or ``award``.
    :param connection: the connection, or the source of a host's events.
    :param reason: the reason without ids, numbers and quoted text.
    """

    kind: str
    connection: str
    state: str
    reason: str
    rows: int


def count_reasons(store: Store) -> list[ReasonLine]:
    """Return the reasons, the most frequent first.

    :raises StoreUnavailableError: the database does not answer.
    """
    total: Counter[tuple[str, str, str, str]] = Counter()
    for each in store.state_counts.of_reasons():
        total[each.kind, each.connection, each.state, summary_of(each.reason)] += each.rows
    return [ReasonLine(*key, rows) for key, rows in sorted(total.items(), key=lambda item: (-item[1], item[0]))]


def summary_of(reason: str) -> str:
    """Return a reason without quoted parts, numbers, ids, addresses and URLs, cut to 60 characters."""
    words = _QUOTED.sub(" ", reason).replace("(", " ").replace(")", " ").split()
    summary = ""
    for word in words:
        if not _WORD.match(word) or len(word) > 24:
            continue
        if len(summary) + len(word) > MAX_CHARACTERS:
            break
        summary += f" {word}"
    return summary.strip(" ,.;:")
