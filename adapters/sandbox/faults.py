"""Faults of a sandbox: which requests fail and how, as one line of text."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

FaultKind = Literal[
    "lost", "500", "500after", "html502", "429", "429bare", "slow", "expired", "down", "garbled", "huge"
]

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
DEFAULT_SECONDS: dict[FaultKind, float] = {"429": 1.0, "slow": 35.0}
_KNOWN = ", ".join((*KINDS, "latency", "seed", "on"))


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of one request.

    ``lost`` does the work, then breaks the connection; ``500after`` does it, then answers 500; ``slow`` waits,
    then does it and answers; ``garbled`` does it and answers 200 with JSON of another shape each time, ``huge`` with
    more bytes than a client should read. The others do no work: ``500``, ``html502`` (a proxy's page), ``429``
    with ``Retry-After``, ``429bare`` without, ``expired`` (401), ``down`` (connection closed).

    :param seconds: of ``Retry-After`` or of the wait.
    """

    kind: FaultKind
    seconds: float = 0.0


@dataclass(slots=True)
class _Rule:
    kind: FaultKind
    probability: float
    seconds: float
    left: int | None = None

    def __str__(self) -> str:
        amount = f"{self.probability:g}" if self.left is None else f"#{self.left}"
        return f"{self.kind}={amount}:{self.seconds:g}" if self.kind in DEFAULT_SECONDS else f"{self.kind}={amount}"


class Faults:
    """Source of faults: it draws one, or none, for each request. Several threads may use and change it.

    The text is a list of ``name=value`` with commas, such as ``lost=0.05,429=0.05:2,slow=#1:35,latency=0.2``.
    A value is a probability from 0 to 1, or ``#N`` for exactly the next N requests; ``429`` and ``slow`` take
    their seconds after a colon. ``latency=S`` delays each request by S seconds. The same ``seed=N``
    (default 0) draws the same faults. ``on=POST`` limits faults to a method, ``on=POST:*/badges`` to paths, too.
    """

    def __init__(self, spec: str = "") -> None:
        """Parse the text. :raises ValueError: names the part that is not valid."""
        self._lock = threading.Lock()
        self.change(spec)

    def change(self, spec: str) -> None:
        """Replace all faults by those of another text, and reset the counts.

        :raises ValueError: names the part that is not valid; nothing was changed.
        """
        rules: list[_Rule] = []
        latency, seed, on = 0.0, 0, ""
        for part in filter(None, (piece.strip() for piece in spec.split(","))):
            name, _, value = part.partition("=")
            if name == "latency":
                latency = _number(part, value)
            elif name == "seed":
                seed = int(_number(part, value))
            elif name == "on":
                on = value
            elif name in KINDS:
                rules.append(_rule(part, name, value))
            else:
                raise ValueError(f"fault {part!r}: unknown name {name!r} (known: {_KNOWN})")
        if len({rule.kind for rule in rules}) < len(rules):
            raise ValueError(f"faults {spec!r}: a name appears twice")
        if sum(rule.probability for rule in rules if rule.kind != "down") > 1:
            raise ValueError(f"faults {spec!r}: the probabilities add up to more than 1")
        with self._lock:
            self._rules, self._latency, self._seed, self._on = rules, latency, seed, on
            # Faults are no secrets; a seeded generator makes them repeatable.
            self._random = random.Random(seed)  # noqa: S311
            self._drawn: Counter[FaultKind] = Counter()

    def spare(self, method: str, path: str) -> bool:
        """Return whether such a request never fails."""
        wanted, _, pattern = self._on.partition(":")
        return bool(self._on) and not (method == wanted.upper() and fnmatchcase(path, pattern or "*"))

    def draw(self) -> Fault | None:
        """Draw the fault of the next request: one with a count first, then ``down``, then one by chance."""
        with self._lock:
            rule = self._chosen()
            if rule is None:
                return None
            self._drawn[rule.kind] += 1
            return Fault(rule.kind, rule.seconds)

    @property
    def latency(self) -> float:
        """Seconds by which each request is delayed."""
        return self._latency

    @property
    def drawn(self) -> dict[str, int]:
        """Number of requests that each fault has hit."""
        with self._lock:
            return {str(kind): count for kind, count in self._drawn.items()}

    def __str__(self) -> str:
        with self._lock:
            parts = [str(rule) for rule in self._rules if rule.left != 0]
            if self._latency:
                parts.append(f"latency={self._latency:g}")
            if self._seed:
                parts.append(f"seed={self._seed}")
            if self._on:
                parts.append(f"on={self._on}")
        return ",".join(parts)

    def _chosen(self) -> _Rule | None:
        for rule in self._rules:
            if rule.left:
                rule.left -= 1
                return rule
        by_chance = [rule for rule in self._rules if rule.probability]
        for rule in by_chance:
            if rule.kind == "down" and self._random.random() < rule.probability:
                return rule
        ticket = self._random.random()
        for rule in by_chance:
            if rule.kind == "down":
                continue
            if ticket < rule.probability:
                return rule
            ticket -= rule.probability
        return None


def _rule(part: str, kind: FaultKind, value: str) -> _Rule:
    amount, colon, seconds_text = value.partition(":")
    if colon and kind not in DEFAULT_SECONDS:
        raise ValueError(f"fault {part!r}: only {' and '.join(DEFAULT_SECONDS)} take seconds")
    seconds = _number(part, seconds_text) if colon else DEFAULT_SECONDS.get(kind, 0.0)
    if amount.startswith("#"):
        if not (amount[1:].isascii() and amount[1:].isdigit()):
            raise ValueError(f"fault {part!r}: after # comes a whole number")
        return _Rule(kind, 0.0, seconds, left=int(amount[1:]))
    probability = _number(part, amount)
    if probability > 1:
        raise ValueError(f"fault {part!r}: a probability is between 0 and 1")
    return _Rule(kind, probability, seconds)


def _number(part: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"fault {part!r}: {text!r} is not a number, 0 or more")
    return number
