"""Issue awards at Badgr, in batches of one badge class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..http.batch_issuer import BatchIssuer, Item
from ..http.json_values import segment
from ..values import Award, IssuedBadge, Outcome
from .classes import BadgeClasses
from .client import BadgrClient
from .payloads import belongs_to, issue_item, parse_badge


class BadgrIssuer(BatchIssuer):
    """Issuer of badges through one Badgr issuer. Badgr issues a whole batch or nothing, and names the wrong rows.

    :param find: looks for an award's live badge.
    :param now: returns seconds since the epoch.
    :param find_first: search for each badge before it is issued: it is not confirmed that the hosted services refuse
        a second badge.
    :param notify: let Badgr write to the learners.
    """

    provider: ClassVar[str] = "Badgr"
    one_template: ClassVar[bool] = True

    def __init__(
        self,
        client: BadgrClient,
        classes: BadgeClasses,
        find: Callable[[Award], IssuedBadge | None],
        now: Callable[[], float],
        *,
        find_first: bool,
        notify: bool,
    ) -> None:
        self._client = client
        self._classes = classes
        self._find = find
        self._now = now
        self._find_first = find_first
        self._notify = notify

    def build(self, award: Award) -> Item | IssuedBadge:
        found = self._find(award) if self._find_first and award.recipient.email.strip() else None
        return found or issue_item(award, self._now(), self._classes.end(award))

    def post(self, awards: Sequence[Award], items: Sequence[Item]) -> Any:
        path = f"/badgeclasses/{segment(awards[0].template_id)}"
        if len(items) == 1:
            return self._client.post(f"{path}/assertions", {**items[0], "notify": self._notify}).result
        body = {"create_notification": self._notify, "assertions": items}
        return self._client.post(f"{path}/issue", body).result

    def parse(self, result: Any, award: Award) -> IssuedBadge | None:
        return parse_badge(result, self._now()) if belongs_to(result, award) else None

    def existing(self, award: Award) -> Outcome:
        """Return the live badge; issue a further one if the live badges are of earlier periods."""
        badge = self.listed(award, self._find(award))
        if badge is not None:
            return badge
        return self.send_one(award, issue_item(award, self._now(), self._classes.end(award), duplicate=True))
