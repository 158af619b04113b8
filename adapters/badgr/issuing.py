"""One by one or as a batch: what Badgr makes of awards."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import AdapterError, AmbiguousError, ConfigurationError, OverBudgetError, RejectedError, TemporaryError
from ..http.batch_outcomes import Outcomes, gathered, not_sent
from ..http.json_values import MalformedError, segment
from ..http.statuses import NotFoundError
from ..values import Award, IssuedBadge, Outcome
from .classes import BadgeClasses
from .client import BadgrClient
from .listing import unknown_template
from .payloads import belongs_to, issue_item, parse_badge
from .responses import RefusedError

Find = Callable[[Award], IssuedBadge | None]


class Issuing:
    """The awards of one ``issue`` call.

    :param find: looks for an award's live badge.
    :param look_first: whether the hosted services refuse a second badge is not confirmed, so each is looked for.
    :param notify: let Badgr write to the learners.
    """

    def __init__(
        self,
        client: BadgrClient,
        classes: BadgeClasses,
        find: Find,
        now: Callable[[], float],
        *,
        look_first: bool,
        notify: bool,
    ) -> None:
        self._client = client
        self._classes = classes
        self._find = find
        self._now = now
        self._look_first = look_first
        self._notify = notify

    def run(self, awards: Sequence[Award]) -> list[Outcome]:
        """One outcome per award. :raises AdapterError: it concerns all of them."""
        outcomes: Outcomes = {}
        return gathered(awards, outcomes, lambda: self._send_all(awards, outcomes))

    def _send_all(self, awards: Sequence[Award], outcomes: Outcomes) -> None:
        groups: dict[str, list[int]] = {}
        for index, award in enumerate(awards):
            groups.setdefault(award.template_id, []).append(index)
        for indexes in groups.values():
            try:
                self._send_group(awards, indexes, outcomes)
            except NotFoundError:
                outcomes.update({index: unknown_template() for index in indexes if index not in outcomes})
            except (ConfigurationError, OverBudgetError):
                raise
            except AdapterError as error:
                outcomes.update({index: copy.copy(error) for index in indexes if index not in outcomes})
                raise not_sent(error) from error

    def _send_group(self, awards: Sequence[Award], indexes: Sequence[int], outcomes: Outcomes) -> None:
        """Awards of one badge class. An error concerns all that have no outcome yet."""
        items: dict[int, dict[str, Any]] = {}
        for index in indexes:
            award = awards[index]
            try:
                found = self._find(award) if self._look_first and award.recipient.email.strip() else None
                if found is not None:
                    outcomes[index] = found
                else:
                    items[index] = issue_item(award, self._now(), self._classes.end(award))
            except NotFoundError:
                raise
            except RejectedError as error:
                outcomes[index] = error
        pending = self._batched(awards, items, outcomes)
        for place, index in enumerate(pending):
            try:
                outcomes[index] = self._one(awards[index], items[index])
            except (ConfigurationError, OverBudgetError, NotFoundError):
                raise
            except AdapterError as error:
                outcomes[index] = error
                outcomes.update({later: not_sent(error) for later in pending[place + 1 :]})
                raise

    def _batched(self, awards: Sequence[Award], items: dict[int, dict[str, Any]], outcomes: Outcomes) -> list[int]:
        """Send what can go together; gives those that are to go one by one.

        Badgr issues all of a batch or nothing: the rows that it names are taken out, and the others sent again.
        """
        pending = list(items)
        while len(pending) > 1:
            path = f"/badgeclasses/{segment(awards[pending[0]].template_id)}/issue"
            body = {"create_notification": self._notify, "assertions": [items[index] for index in pending]}
            try:
                result = self._client.post(path, body).result
            except RefusedError as refusal:
                bad = {pending[place]: row for place, row in refusal.rows.items() if place < len(pending)}
                if not bad:
                    return pending
                pending = [index for index in pending if index not in bad]
                outcomes.update({index: self._refused(awards[index], row) for index, row in bad.items()})
            else:
                outcomes.update(self._made_of(result, awards, pending))
                return []
        return pending

    def _made_of(self, result: list[Any], awards: Sequence[Award], pending: list[int]) -> Outcomes:
        if len(result) != len(pending):
            return {
                index: AmbiguousError("Badgr answered a batch with another number of badges") for index in pending
            }
        return {index: self._made(data, awards[index]) for index, data in zip(pending, result, strict=True)}

    def _one(self, award: Award, item: dict[str, Any]) -> Outcome:
        try:
            return self._posted(award, item)
        except RefusedError as refusal:
            return self._refused(award, refusal)

    def _posted(self, award: Award, item: dict[str, Any]) -> Outcome:
        path = f"/badgeclasses/{segment(award.template_id)}/assertions"
        result = self._client.post(path, {**item, "notify": self._notify}).result
        return self._made(result[0] if len(result) == 1 else None, award)

    def _made(self, data: Any, award: Award) -> Outcome:
        if not belongs_to(data, award):
            return AmbiguousError("Badgr answered with a badge that is not the one asked for")
        try:
            return parse_badge(data, self._now())
        except MalformedError as error:
            return AmbiguousError(f"Badgr answered with {error}")

    def _refused(self, award: Award, refusal: RejectedError) -> Outcome:
        """The badge, where the refusal means that it is there already."""
        if refusal.code != "already_issued":
            return refusal
        try:
            badge = self._find(award)
            if badge is None and award.period:
                # The live ones are of earlier periods, and this is a further one.
                return self._posted(award, issue_item(award, self._now(), self._classes.end(award), duplicate=True))
        except AdapterError as error:
            return error
        return badge or TemporaryError("Badgr says that the learner already has this badge and does not list it")
