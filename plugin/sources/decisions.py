"""What a source makes of an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..store import InboxEvent, NewEvent, Plan


@dataclass(frozen=True, slots=True)
class Earns:
    """It earns these awards, which may be none where others of its follow.

    :param how: who and which badge, and where that is known from, for whoever asks why.
    :param follow: events that it leads to, put into the inbox together with the awards.
    """

    plans: tuple[Plan, ...]
    how: str
    follow: tuple[NewEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignores:
    """The event earns nothing, and why.

    :param unmapped: because nothing is tied to its learning object.
    """

    reason: str
    unmapped: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """It was no completion and has been dealt with. :param what: came of it."""

    what: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Not yet: ask again after so many seconds.

    :param lane: hand it to these workers instead.
    :param counts: it is the event's own fault, and after too many of these it dies; else it may wait for ever.
    """

    reason: str
    seconds: float
    lane: str | None = None
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Dies:
    """It cannot be worked on until an administrator repairs something and replays it."""

    reason: str


Decision = Earns | Ignores | Done | Waits | Dies
Decided = tuple[InboxEvent, Decision]


class Source(Protocol):
    """Who turns events of one lane into decisions."""

    def decide(self, events: Sequence[InboxEvent]) -> Iterator[list[Decided]]:
        """Decisions in portions: what is known at once comes first and does not wait for look-ups.

        Every event is decided once. It does not raise for what an event says.
        """
