"""The state of a sandbox and its operations. Several threads may use it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from ...sandbox import Shown
from .knobs import Knobs
from .records import FIRST_CREDENTIAL, ID_TAKEN, TAKEN, Credential, Group, Refusal, groups


class World:
    """One account with its groups and credentials, from the same start in every sandbox."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self._lock = threading.RLock()
        self._groups = {group.id: group for group in groups(knobs.templates)}
        self._removed: dict[int, Group] = {}
        self.reset()

    def reset(self) -> None:
        """Forget every credential."""
        with self._lock:
            self._credentials: dict[int, Credential] = {}
            self._of_own_id: defaultdict[str, list[Credential]] = defaultdict(list)
            self._of_person: defaultdict[str, list[Credential]] = defaultdict(list)
            self._published = 0

    def groups(self) -> list[Group]:
        with self._lock:
            return list(self._groups.values())

    def credits_left(self) -> int:
        return max(self.knobs.credits - self._published, 0)

    def credential(self, id_: str) -> Credential:
        """Return a credential by Accredible's id or the client's own.

        :raises Refusal: 404.
        """
        with self._lock:
            found = self._credentials.get(int(id_)) if id_.isascii() and id_.isdigit() else None
            if found is None and self.knobs.own_ids != "ignored":
                found = next((each for each in self._of_own_id.get(id_, ()) if not each.deleted), None)
        if found is None or found.deleted:
            raise Refusal(404, "Not found")
        return found

    def credentials(self, *, own_id: str = "", email: str = "") -> list[Credential]:
        """Return credentials in order of creation; those of an own id or an address come from an index."""
        with self._lock:
            if own_id:
                found = list(self._of_own_id.get(own_id, ()))
            elif email:
                found = list(self._of_person.get(email.lower(), ()))
            else:
                found = list(self._credentials.values())
        return [each for each in found if not each.deleted]

    def issue(self, item: Mapping[str, Any]) -> Credential:
        """Create a credential.

        :raises Refusal: 404 or 422.
        """
        with self._lock:
            credential = self._draft(item)
            self._credentials[credential.id] = credential
            if credential.own_id:
                self._of_own_id[credential.own_id].append(credential)
            self._of_person[credential.email.lower()].append(credential)
            self._published += credential.approve
            return credential

    def change(self, id_: str, changes: Mapping[str, Any]) -> Credential:
        """Change the expiry, the metadata or the approval of a credential.

        :raises Refusal: 404 or 422.
        """
        with self._lock:
            credential = self.credential(id_)
            if "expired_on" in changes:
                credential.expired_on = _day(changes, "expired_on")
            if isinstance(changes.get("meta_data"), dict) and self.knobs.keeps_meta_data:
                credential.meta_data = dict(changes["meta_data"])
            if changes.get("approve") is True and not credential.approve and self.credits_left():
                credential.approve = True
                self._published += 1
            return credential

    def delete(self, id_: str) -> Credential:
        """Mark a credential as deleted, and return it.

        :raises Refusal: 404.
        """
        with self._lock:
            credential = self.credential(id_)
            credential.deleted = True
            return credential

    def _draft(self, item: Mapping[str, Any]) -> Credential:
        recipient = item.get("recipient")
        recipient = recipient if isinstance(recipient, dict) else {}
        wanted = item.get("group_id")
        group = self._groups.get(wanted) if isinstance(wanted, int) else None
        if group is None:
            raise Refusal(self.knobs.unknown_group, "Group not found", "group_id")
        email, name = recipient.get("email"), recipient.get("name")
        if not isinstance(name, str) or not name.strip():
            raise Refusal(422, "can't be blank", "recipient.name")
        local, _, domain = email.rpartition("@") if isinstance(email, str) else ("", "", "")
        if not (isinstance(email, str) and local and "." in domain and " " not in email):
            raise Refusal(422, "is invalid", "recipient.email")
        others = [each for each in self._of_person.get(email.lower(), ()) if not each.deleted]
        if not self.knobs.allow_duplicates and any(each.group is group for each in others):
            raise Refusal(422, TAKEN, "recipient.email")
        own_id = str(item["id"]) if item.get("id") and self.knobs.own_ids != "ignored" else None
        taken = [each for each in self._of_own_id.get(own_id or "", ()) if not each.deleted]
        if taken and self.knobs.own_ids == "unique":
            raise Refusal(422, ID_TAKEN, "id")
        return Credential(
            id=FIRST_CREDENTIAL + len(self._credentials),
            own_id=own_id,
            group=group,
            name=name,
            email=email,
            recipient_id=str(recipient["id"]) if recipient.get("id") else None,
            issued_on=_day(item, "issued_on") or datetime.now(UTC).date(),
            expired_on=_day(item, "expired_on"),
            approve=item.get("approve") is not False and not self.knobs.sandbox_mode and self.credits_left() > 0,
            custom_attributes=_object(item, "custom_attributes"),
            meta_data=_object(item, "meta_data"),
        )

    # The operations of the control API.

    def shown(self) -> list[Shown]:
        today = datetime.now(UTC).date()
        with self._lock:
            credentials = list(self._credentials.values())
        return [
            Shown(
                id=str(each.id),
                template_id=str(each.group.id),
                template_name=each.group.name,
                recipient_email=each.email,
                state=_state(each, today),
                issued_at=each.issued_on.isoformat(),
                expires_at=each.expired_on.isoformat() if each.expired_on else None,
            )
            for each in credentials
        ]

    def change_badge(self, badge_id: str, verb: str) -> None:
        if verb != "publish":
            raise KeyError("such verb: publish")
        try:
            self.credential(badge_id).approve = True
        except Refusal:
            raise KeyError("such credential") from None

    def change_template(self, template_id: str, verb: str, values: dict[str, Any]) -> None:
        number = int(template_id) if template_id.isascii() and template_id.isdigit() else 0
        with self._lock:
            known = self._groups | self._removed
            if number not in known:
                raise KeyError("such group")
            if verb == "delete":
                self._removed[number] = self._groups.pop(number)
            elif verb == "restore":
                self._groups[number] = self._removed.pop(number, known[number])
            elif verb == "rename":
                known[number].name = str(values.get("name") or "Renamed group")
            else:
                raise KeyError("such verb: delete, restore or rename")

    def add_template(self, name: str) -> str:
        with self._lock:
            made = Group(max(self._groups | self._removed, default=0) + 1, name)
            self._groups[made.id] = made
        return str(made.id)


def _state(credential: Credential, today: date) -> str:
    if credential.deleted:
        return "deleted"
    if credential.expired_on is not None and credential.expired_on <= today:
        return "expired"
    return "published" if credential.approve else "unpublished"


def _day(item: Mapping[str, Any], name: str) -> date | None:
    """Return the date in a field of the item, or None if the field is missing.

    :raises Refusal: 422.
    """
    value = item.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Refusal(422, "is not a date (YYYY-MM-DD)", name) from None


def _object(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = item.get(name)
    return dict(value) if isinstance(value, dict) else {}
