"""The options of a backfill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..csvfiles.dates import parse_date


@dataclass(frozen=True, slots=True)
class BackfillOptions:
    """The completions and badges that a backfill covers.

    :param since: the first moment of completions, seconds since the epoch; None for no bound.
    :param until: the moment before which they end; None for no bound.
    :param objects: the only learning objects or instances; empty for all.
    :param limit: maximum number of badges; None for all.
    :param email_is_id: whether the LMS host's ids of learners are their e-mail addresses.
    """

    since: float | None = None
    until: float | None = None
    objects: tuple[str, ...] = ()
    limit: int | None = None
    email_is_id: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the options as the store keeps them."""
        return asdict(self)


def options_from(kept: Mapping[str, Any]) -> BackfillOptions:
    """Return the options of a stored backfill."""
    return BackfillOptions(**{**kept, "objects": tuple(kept["objects"])})


def parse_bound(text: str, *, last: bool) -> float:
    """Return the bound that ``--from`` or ``--to`` gives, in seconds since the epoch.

    :param text: a moment, or a day.
    :param last: whether a day is included up to its end.
    :raises ValueError: the text is not valid; the message ends a sentence.
    """
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return parse_date(text).timestamp()
    return (day + timedelta(days=1) if last else day).timestamp()
