"""Issue awards at Credly, in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..errors import RejectedError
from ..http.batch_issuer import ALREADY_ISSUED, BatchIssuer, Item
from ..http.statuses import NotFoundError, RefusedError
from ..values import Award, IssuedBadge, Outcome
from .client import CredlyClient
from .payloads import belongs_to, issue_item, parse_badge
from .responses import unknown_organization


class CredlyIssuer(BatchIssuer):
    """Issuer of badges through one organization. Credly refuses a batch as a whole and names one wrong item.

    :param path: of the organization's badges.
    :param find: looks for an award's live badge.
    :param now: returns seconds since the epoch.
    """

    provider: ClassVar[str] = "Credly"

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

    def build(self, award: Award) -> Item:
        return issue_item(award)

    def post(self, awards: Sequence[Award], items: Sequence[Item]) -> Any:  # noqa: ARG002 (the items say it all)
        try:
            if len(items) == 1:
                return [self._client.post(self._path, items[0]).data]
            return self._client.post(f"{self._path}/batch", {"badges": items}).data
        except NotFoundError:
            raise unknown_organization() from None

    def parse(self, result: Any, award: Award) -> IssuedBadge | None:
        return parse_badge(result, self._now()) if belongs_to(result, award) else None

    def existing(self, award: Award) -> Outcome:
        """Return the live badge; issue a further one if the live badges are of earlier periods."""
        badge = self.listed(award, self._find(award))
        if badge is not None:
            return badge
        try:
            return self.send_one(award, {**issue_item(award), "duplicate_behavior": "allow"})
        except RefusedError as refusal:
            if refusal.code != ALREADY_ISSUED:
                raise
            raise RejectedError(
                ALREADY_ISSUED,
                "the learner has this badge of an earlier period, and Credly gives no second one of its template: "
                "let the template allow duplicates, then retry",
            ) from None
