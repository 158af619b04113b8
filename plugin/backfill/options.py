"""What an administrator wants made good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..csvfiles.dates import parse_date


@dataclass(frozen=True, slots=True)
class Wish:
    """:param since: completions from then on, seconds since the epoch; ``until`` is exclusive. None is any.

    :param objects: only these learning objects or instances; none is all.
    :param limit: badges at most; None is all.
    :param email_is_id: the LMS host's ids of learners are their e-mail addresses.
    """

    since: float | None = None
    until: float | None = None
    objects: tuple[str, ...] = ()
    limit: int | None = None
    email_is_id: bool = False

    def kept(self) -> dict[str, Any]:
        return asdict(self)


def wish_of(kept: Mapping[str, Any]) -> Wish:
    return Wish(**{**kept, "objects": tuple(kept["objects"])})


def parse_bound(text: str, *, last: bool) -> float:
    """Seconds since the epoch of ``--from`` or ``--to``: a day, of which the last one is included, or a moment.

    :raises ValueError: the end of a sentence that says what is wrong.
    """
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return parse_date(text).timestamp()
    return (day + timedelta(days=1) if last else day).timestamp()
