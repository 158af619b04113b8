"""One by one or as a batch: what Credly makes of awards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import AdapterError, AmbiguousError, ConfigurationError, RejectedError, TemporaryError
from ..http.batch_outcomes import Outcomes, gathered, not_sent
from ..http.json_values import MalformedError
from ..http.statuses import NotFoundError
from ..values import Award, IssuedBadge, Outcome
from .client import CredlyClient
from .payloads import belongs_to, issue_item, parse_badge
from .responses import RefusedError, unknown_organization


class Issuing:
    """The awards of one ``issue`` call, and what is known of each so far.

    :param path: of the organization's badges.
    :param find: looks for an award's live badge.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        client: CredlyClient,
        path: str,
        find: Callable[[Award], IssuedBadge | None],
        now: Callable[[], float],
    ) -> None:
        self._client = client
        self._path = path
        self._find = find
        self._now = now

    def run(self, awards: Sequence[Award]) -> list[Outcome]:
        """One outcome per award. :raises AdapterError: it concerns all of them."""
        outcomes: Outcomes = {}
        items: dict[int, dict[str, Any]] = {}
        for index, award in enumerate(awards):
            try:
                items[index] = issue_item(award)
            except RejectedError as error:
                outcomes[index] = error

        def send() -> None:
            try:
                self._send(awards, items, outcomes)
            except NotFoundError:
                raise unknown_organization() from None

        return gathered(awards, outcomes, send)

    def _send(self, awards: Sequence[Award], items: dict[int, dict[str, Any]], outcomes: Outcomes) -> None:
        """Fill in the outcomes. An error concerns all that have none yet."""
        pending = list(items)
        while len(pending) > 1:
            try:
                answer = self._client.post(f"{self._path}/batch", {"badges": [items[index] for index in pending]})
            except RefusedError as refusal:
                if refusal.error_index is None or not 0 <= refusal.error_index < len(pending):
                    break
                bad = pending.pop(refusal.error_index)
                outcomes[bad] = self._refused(awards[bad], refusal)
            else:
                badges = self._batch(answer.data, [awards[index] for index in pending])
                outcomes.update(zip(pending, badges, strict=True))
                return
        for index in pending:
            try:
                outcomes[index] = self._one(awards[index], items[index])
            except AdapterError as error:
                if len(awards) == 1 or isinstance(error, (ConfigurationError, NotFoundError)):
                    raise
                outcomes[index] = error
                raise not_sent(error) from error

    def _one(self, award: Award, item: dict[str, Any]) -> Outcome:
        try:
            answer = self._client.post(self._path, item)
        except RefusedError as refusal:
            return self._refused(award, refusal)
        return self._made(answer.data, award)

    def _batch(self, data: Any, awards: list[Award]) -> list[Outcome]:
        if not isinstance(data, list) or len(data) != len(awards):
            return [AmbiguousError("Credly answered a batch with another number of badges") for _ in awards]
        return [self._made(badge, award) for badge, award in zip(data, awards, strict=True)]

    def _made(self, data: Any, award: Award) -> Outcome:
        if not belongs_to(data, award):
            return AmbiguousError("Credly answered with a badge that is not the one asked for")
        try:
            return parse_badge(data, self._now())
        except MalformedError as error:
            return AmbiguousError(f"Credly answered with {error}")

    def _refused(self, award: Award, refusal: RefusedError) -> Outcome:
        """The badge, where the refusal means that it is there already."""
        if refusal.code != "already_issued":
            return refusal
        try:
            badge = self._find(award)
            if badge is None and award.period:
                return self._again(award)
        except AdapterError as error:
            return error
        return badge or TemporaryError("Credly says that the learner already has this badge and does not list it")

    def _again(self, award: Award) -> Outcome:
        """A further badge for a learner whose live ones are of earlier periods."""
        try:
            answer = self._client.post(self._path, {**issue_item(award), "duplicate_behavior": "allow"})
        except RefusedError as refusal:
            if refusal.code != "already_issued":
                return refusal
            return RejectedError(
                "already_issued",
                "the learner has this badge of an earlier period, and Credly gives no second one of its template: "
                "let that allow duplicates, then retry",
            )
        return self._made(answer.data, award)
