"""The state of a sandbox and its operations. Several threads may use it."""

from __future__ import annotations

import secrets
import threading
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ...sandbox import Shown
from . import incoming
from .knobs import Knobs
from .records import Assertion, BadgeClass, Refusal, badge_classes, missing, stable_id

DUPLICATE = "A previous award of this badge already exists for this recipient."
_ACCEPTANCES = {"accept": "Accepted", "reject": "Rejected"}
_STATES = {"Accepted": "accepted", "Rejected": "declined"}


class World:
    """One issuer with its badge classes and assertions, from the same start in every sandbox."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self.expires = incoming.expiry(knobs.class_expires)
        self._lock = threading.RLock()
        self._deleted: dict[str, BadgeClass] = {}
        self._classes = {each.id: each for each in badge_classes(knobs.templates)}
        self.reset()

    def reset(self) -> None:
        """Forget every badge."""
        with self._lock:
            self._assertions: dict[str, Assertion] = {}
            self._of_person: defaultdict[tuple[str, str], list[Assertion]] = defaultdict(list)

    def badge_classes(self) -> list[BadgeClass]:
        with self._lock:
            return list(self._classes.values())

    def badge_class(self, class_id: str) -> BadgeClass:
        """Return a badge class.

        :raises Refusal: 404.
        """
        found = self._classes.get(class_id)
        if found is None:
            raise missing()
        return found

    def assertion(self, assertion_id: str) -> Assertion:
        """Return an assertion.

        :raises Refusal: 404.
        """
        found = self._assertions.get(assertion_id)
        if found is None:
            raise missing()
        return found

    def assertions(self, class_id: str | None, recipient: str, *, expired: bool, revoked: bool) -> list[Assertion]:
        """Return the assertions of a badge class, or of all if it is None.

        :param recipient: only theirs; empty for everybody's.
        """
        now = datetime.now(UTC)
        with self._lock:
            if class_id and recipient and self.knobs.filters:
                found = list(self._of_person.get((class_id, recipient), ()))
            else:
                found = [
                    each
                    for each in self._assertions.values()
                    if class_id in (None, each.badge_class.id)
                    and (not recipient or not self.knobs.filters or each.identity == recipient)
                ]
        return [
            each
            for each in found
            if each.live(now)
            or (revoked and each.revocation_reason is not None)
            or (expired and each.revocation_reason is None)
        ]

    def issue(self, class_id: str, items: list[Any], *, batch: bool) -> list[Assertion]:
        """Issue all items, or none.

        :raises Refusal: 400.
        """
        badge_class = self.badge_class(class_id)
        with self._lock:
            drafts, rows, taken = [], [], set[str]()
            for item in items:
                row: Any = {}
                try:
                    draft = self._draft(badge_class, item if isinstance(item, dict) else {}, taken)
                    drafts.append(draft)
                    taken.add(draft.identity)
                except Refusal as refusal:
                    if not batch:
                        raise
                    row = refusal.fields or {"non_field_errors": refusal.validation}
                rows.append(row)
            if any(rows):
                if self.knobs.batch_names_rows:
                    raise Refusal(400, fields=rows)
                raise Refusal(400, validation=["One of the assertions is not valid."])
            for draft in drafts:
                self._assertions[draft.id] = draft
                self._of_person[badge_class.id, draft.identity].append(draft)
            return drafts

    def revoke(self, assertion_id: str, reason: Any) -> Assertion:
        """Revoke an assertion.

        :raises Refusal: 404 no such assertion; 400 no reason, or revoked before.
        """
        with self._lock:
            found = self.assertion(assertion_id)
            if not (isinstance(reason, str) and reason.strip()):
                raise Refusal(400, fields={"revocation_reason": ["This field is required."]})
            if found.revocation_reason is not None:
                raise Refusal(400, validation=["Assertion is already revoked"])
            found.revocation_reason = reason
            return found

    def _draft(self, badge_class: BadgeClass, item: Mapping[str, Any], taken: set[str]) -> Assertion:
        identity, kind, hashed = incoming.recipient(item)
        issued_at, now = incoming.issued_at(item), datetime.now(UTC)
        if item.get("allowDuplicateAwards", True) is False and self.knobs.guard:
            others = self._of_person.get((badge_class.id, identity), ())
            if identity in taken or any(each.live(now) for each in others):
                if self.knobs.duplicate_in == "fields":
                    raise Refusal(400, fields={"recipient": {"non_field_errors": [DUPLICATE]}})
                raise Refusal(400, validation=[DUPLICATE])
        filled = incoming.end_of(issued_at, self.knobs.class_expires) if self.knobs.fills_expires else None
        return Assertion(
            id=secrets.token_urlsafe(16),
            badge_class=badge_class,
            identity=identity,
            type=kind,
            hashed=hashed,
            salt=secrets.token_hex(16) if self.knobs.salted else "",
            created_at=now,
            issued_at=issued_at,
            expires_at=incoming.moment(item, "expires") or filled,
            narrative=item.get("narrative") if isinstance(item.get("narrative"), str) else None,
            evidence=incoming.evidence(item),
            acceptance="Accepted" if self.knobs.auto_accept else "Unaccepted",
        )

    # The operations of the control API.

    def shown(self) -> list[Shown]:
        with self._lock:
            assertions = list(self._assertions.values())
        return [
            Shown(
                id=each.id,
                template_id=each.badge_class.id,
                template_name=each.badge_class.name,
                recipient_email=each.identity,
                state="revoked" if each.revocation_reason is not None else _STATES.get(each.acceptance, "pending"),
                issued_at=each.issued_at.isoformat(),
                expires_at=each.expires_at.isoformat() if each.expires_at else None,
            )
            for each in assertions
        ]

    def change_badge(self, badge_id: str, verb: str) -> None:
        if verb not in _ACCEPTANCES:
            raise KeyError("such verb: accept or reject")
        if badge_id not in self._assertions:
            raise KeyError("such badge")
        with self._lock:
            self._assertions[badge_id].acceptance = _ACCEPTANCES[verb]

    def change_template(self, template_id: str, verb: str, values: dict[str, Any]) -> None:
        with self._lock:
            known = self._classes | self._deleted
            if template_id not in known:
                raise KeyError("such badge class")
            if verb == "delete":
                self._deleted[template_id] = self._classes.pop(template_id)
            elif verb == "restore":
                self._classes[template_id] = self._deleted.pop(template_id, known[template_id])
            elif verb == "rename":
                known[template_id].name = str(values.get("name") or "Renamed badge")
            else:
                raise KeyError("such verb: delete, restore or rename")

    def add_template(self, name: str) -> str:
        made = BadgeClass(stable_id(secrets.token_hex(8)), name)
        with self._lock:
            self._classes[made.id] = made
        return made.id
