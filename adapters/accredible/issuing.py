"""Issue awards at Accredible, in batches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..errors import INVALID_TEMPLATE, RejectedError
from ..http.batch_issuer import ALREADY_ISSUED, BatchIssuer, Item, not_listed
from ..http.json_values import MalformedError, identifier
from ..http.statuses import NotFoundError, RefusedError
from ..values import Award, IssuedBadge, Outcome
from .client import AccredibleClient
from .payloads import belongs_to, is_unpublished, issue_item, parse_badge
from .responses import INSUFFICIENT_CREDITS, refusal_of

log = logging.getLogger(__name__)


class AccredibleIssuer(BatchIssuer):
    """Issuer of credentials. Accredible answers a batch with a credential or an error for each item, in order.

    :param find: looks for an award's credential: the live one, and whether any exists.
    :param now: returns seconds since the epoch.
    """

    provider: ClassVar[str] = "Accredible"

    def __init__(
        self,
        client: AccredibleClient,
        find: Callable[[Award], tuple[IssuedBadge | None, bool]],
        now: Callable[[], float],
    ) -> None:
        self._client = client
        self._find = find
        self._now = now

    def build(self, award: Award) -> Item:
        return issue_item(award)

    def post(self, awards: Sequence[Award], items: Sequence[Item]) -> Any:  # noqa: ARG002 (the items say it all)
        """Send the items. A refused batch does not say which item is the reason."""
        try:
            if len(items) == 1:
                answer = self._client.post("/v1/credentials", {"credential": items[0]})
                return [{"credential": answer.get("credential")}]
            answer = self._client.post("/v2/credentials/bulk_create", {"credentials": items})
            return answer.get("results", answer.get("credentials"))
        except NotFoundError:
            raise RefusedError(
                INVALID_TEMPLATE, "Accredible does not have the group, or this key may not use it"
            ) from None

    def parse(self, result: Any, award: Award) -> IssuedBadge | None:
        data = result if isinstance(result, dict) else {}
        credential = data.get("credential", data if "id" in data else None)
        if not (isinstance(credential, dict) and identifier(credential, "id")):
            if data.get("errors") or data.get("error"):
                raise refusal_of(data, "", "invalid", self._client.secrets)
            raise MalformedError("neither a credential nor an error")
        if not belongs_to(credential, award):
            return None
        badge = parse_badge(credential, self._now(), template_id=award.template_id)
        if is_unpublished(credential):
            log.warning(
                "Accredible created credential %s and did not publish it (%s, or the account's sandbox mode): "
                "publish it there",
                badge.id,
                INSUFFICIENT_CREDITS,
            )
        return badge

    def existing(self, award: Award) -> Outcome:
        """Return the live credential. Accredible does not issue a second one."""
        badge, exists = self._find(award)
        if badge is not None:
            return badge
        if not exists:
            raise not_listed(self.provider)
        raise RejectedError(
            ALREADY_ISSUED,
            "the learner has a credential of this group that is revoked or of an earlier time, and Accredible gives "
            "no second one: let the group allow duplicates, or delete that one, then retry",
        )
