"""Completions that earned nothing because nothing is tied to what was completed, by learning object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote

from ..store import Store
from ..store.inbox.unmapped import unmapped_objects


@dataclass(frozen=True, slots=True)
class Unmapped:
    """:param source: the ALM connection or the LMS host.
    :param learning_object_id: of the instance, where the events have one.
    :param last_seen_at: when the last of them arrived, seconds since the epoch.
    """

    source: str
    learning_object_id: str
    completions: int
    learners: int
    last_seen_at: float
    hint: str


def unmapped(store: Store, since: float | None = None) -> Iterator[Unmapped]:
    """Yield unmapped learning objects, those with the most learners first.

    :param since: only completions that arrived from this time on, in seconds since the epoch.
    """
    for each in unmapped_objects(store.database, since):
        source = each.connection or each.source
        hint = _hint(source, each.learning_object_id, of_alm=bool(each.connection))
        yield Unmapped(source, each.learning_object_id, each.completions, each.learners, each.last_seen_at, hint)


def _hint(source: str, learning_object: str, *, of_alm: bool) -> str:
    rule = (
        f"badgerelay rules add --source {quote(source)} --learning-object {quote(learning_object)} "
        "--template TEMPLATE --connection CONNECTION"
    )
    return f"attach a badge of the provider to it in ALM, or {rule}" if of_alm else rule
