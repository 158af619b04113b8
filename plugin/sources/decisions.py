"""Decisions on events, which every source makes, and the contract of a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..store import InboxEvent, NewEvent, Plan


@dataclass(frozen=True, slots=True)
class Earns:
    """The event earns awards, or leads to further events.

    :param how: the reason in words: the learner, the badges, and the origin of both.
    :param follow: further events, which are put into the inbox together with the awards.
    """

    plans: tuple[Plan, ...]
    how: str
    follow: tuple[NewEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignores:
    """The event earns nothing.

    :param unmapped: whether the reason is that no badge is tied to its learning object.
    """

    reason: str
    unmapped: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The event was not a completion, and its work is done.

    :param what: the result in words.
    """

    what: str


@dataclass(frozen=True, slots=True)
class Waits:
    """The event waits, and is decided again after ``seconds``.

    :param lane: the lane of the workers who take it over, if any.
    :param counts: whether the event itself is the cause, so that it dies after too many attempts; otherwise it may
        wait without a limit.
    """

    reason: str
    seconds: float
    lane: str | None = None
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Dies:
    """The event cannot be processed until an administrator repairs the cause and replays it."""

    reason: str


Decision = Earns | Ignores | Done | Waits | Dies
Decided = tuple[InboxEvent, Decision]


class Source(Protocol):
    """Decides on the events of one lane."""

    def decide(self, events: Sequence[InboxEvent]) -> Iterator[list[Decided]]:
        """Yield decisions in portions: events that need no look-up come first.

        Every event is decided once. The content of an event never raises an exception.
        """
