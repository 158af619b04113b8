"""One alone or as a batch: what Accredible makes of awards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..errors import (
    INVALID_TEMPLATE,
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from ..http.batch_outcomes import Outcomes, gathered, not_sent
from ..http.json_values import MalformedError, identifier
from ..http.statuses import NotFoundError
from ..values import Award, IssuedBadge, Outcome
from .client import AccredibleClient
from .payloads import belongs_to, is_unpublished, issue_item, parse_badge
from .responses import INSUFFICIENT_CREDITS, RefusedError, refusal_of

log = logging.getLogger(__name__)

Find = Callable[[Award], tuple[IssuedBadge | None, bool]]


class Issuing:
    """The awards of one ``issue`` call.

    :param find: looks for an award's credential: the live one, and whether there is any at all.
    """

    def __init__(self, client: AccredibleClient, find: Find, now: Callable[[], float]) -> None:
        self._client = client
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
        return gathered(awards, outcomes, lambda: self._send(awards, items, outcomes))

    def _send(self, awards: Sequence[Award], items: dict[int, dict[str, Any]], outcomes: Outcomes) -> None:
        """Fill in the outcomes. An error concerns all that have none yet."""
        pending = list(items)
        if len(pending) > 1:
            try:
                answer = self._client.post("/v2/credentials/bulk_create", {"credentials": list(items.values())})
            except (RefusedError, NotFoundError):
                pass  # it does not say whose fault it is
            else:
                results = self._results(answer, [awards[index] for index in pending])
                outcomes.update(zip(pending, results, strict=True))
                return
        for place, index in enumerate(pending):
            try:
                outcomes[index] = self._one(awards[index], items[index])
            except (ConfigurationError, OverBudgetError):
                raise
            except AdapterError as error:
                outcomes[index] = error
                outcomes.update({later: not_sent(error) for later in pending[place + 1 :]})
                return

    def _one(self, award: Award, item: dict[str, Any]) -> Outcome:
        try:
            answer = self._client.post("/v1/credentials", {"credential": item})
        except NotFoundError:
            return RejectedError(INVALID_TEMPLATE, "Accredible does not have the group, or this key may not use it")
        except RefusedError as refusal:
            return self._refused(award, refusal)
        return self._made(answer.get("credential"), award)

    def _results(self, answer: dict[str, Any], awards: list[Award]) -> Iterable[Outcome]:
        """Results come in the order of the request; an answer without them leaves all in doubt."""
        results = answer.get("results", answer.get("credentials"))
        if not isinstance(results, list) or len(results) != len(awards):
            return [AmbiguousError("Accredible answered a batch with another number of results") for _ in awards]
        return [self._result(result, award) for result, award in zip(results, awards, strict=True)]

    def _result(self, result: Any, award: Award) -> Outcome:
        data = result if isinstance(result, dict) else {}
        credential = data.get("credential", data if "id" in data else None)
        if isinstance(credential, dict) and identifier(credential, "id"):
            return self._made(credential, award)
        if not (data.get("errors") or data.get("error")):
            return AmbiguousError("Accredible answered for one of a batch with neither a credential nor an error")
        return self._refused(award, refusal_of(data, "", "invalid", self._client.secrets))

    def _made(self, data: Any, award: Award) -> Outcome:
        if not belongs_to(data, award):
            return AmbiguousError("Accredible answered with a credential that is not the one asked for")
        try:
            badge = parse_badge(data, self._now(), template_id=award.template_id)
        except MalformedError as error:
            return AmbiguousError(f"Accredible answered with {error}")
        if is_unpublished(data):
            log.warning(
                "Accredible created credential %s and did not publish it (%s, or the account's sandbox mode): "
                "publish it there",
                badge.id,
                INSUFFICIENT_CREDITS,
            )
        return badge

    def _refused(self, award: Award, refusal: RejectedError) -> Outcome:
        """The credential, where the refusal means that it is there already."""
        if refusal.code != "already_issued":
            return refusal
        try:
            badge, any_at_all = self._find(award)
        except AdapterError as error:
            return error
        if badge is not None:
            return badge
        if not any_at_all:
            return TemporaryError("Accredible says that the learner already has this credential and does not list it")
        return RejectedError(
            "already_issued",
            "the learner has a credential of this group that is revoked or of an earlier time, and Accredible gives "
            "no second one: let the group allow duplicates, or delete that one, then retry",
        )
