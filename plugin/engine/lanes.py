"""A lane: work that is done together, one batch at a time, and that waits for no other lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["decide", "send", "notify", "tend"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Lane:
    """:param name: of the inbox's lane to ``decide``, the provider connection to ``send``, the host to ``notify``, or
    the connection with something on the schedule to ``tend``.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
