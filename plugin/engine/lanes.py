"""Lanes: work that is done together, one batch at a time, independently of other lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["decide", "send", "notify", "tend"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane.

    :param name: the inbox's lane to ``decide``, the provider connection to ``send``, the host to ``notify``, or the
        connection whose schedule to ``tend``.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
