"""The state of a sandbox and its operations. Several threads may use it."""

from __future__ import annotations

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from . import incoming
from .knobs import Knobs
from .records import Badge, Refusal, Template, organizations, templates

ALREADY_REPLACED = "Validation failed: This badge cannot be replaced because it has already been replaced."
_Key = tuple[str, str, str, str]


class World:
    """All organizations with their templates and badges, from the same start in every sandbox."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self._lock = threading.RLock()
        self.organizations = {organization.id: organization for organization in organizations(knobs.organizations)}
        self.templates = {
            organization.id: {template.id: template for template in templates(organization, knobs.templates)}
            for organization in self.organizations.values()
        }
        self._deleted: dict[str, Template] = {}
        self.reset()

    def reset(self) -> None:
        """Forget every badge."""
        with self._lock:
            self._badges: dict[str, Badge] = {}
            self._live: dict[_Key, str] = {}
            self._of_person: defaultdict[tuple[str, str, str], list[Badge]] = defaultdict(list)

    def badge(self, organization_id: str, badge_id: str) -> Badge:
        """Return a badge of the organization, or of any if the organization is empty.

        :raises Refusal: 404.
        """
        found = self._badges.get(badge_id)
        if found is None or organization_id not in ("", found.organization_id):
            raise Refusal(404, "Badge not found")
        return found

    def badges(self, organization_id: str = "", person: tuple[str, str] | None = None) -> list[Badge]:
        """Return badges in order of creation.

        :param person: ``("recipient_email", address)`` or ``("issuer_earner_id", id)``, answered from an index.
        """
        with self._lock:
            if person is not None:
                kind, value = person
                value = value.lower() if kind == "recipient_email" else value
                return list(self._of_person.get((organization_id, kind, value), ()))
            return [badge for badge in self._badges.values() if organization_id in ("", badge.organization_id)]

    def issue(self, organization_id: str, items: list[Any], *, batch: bool) -> list[Badge]:
        """Issue all items, or none.

        :raises Refusal: 422 for the first that cannot be issued.
        """
        if batch and not 1 <= len(items) <= self.knobs.batch_max:
            raise Refusal(422, f"Validation failed: a batch has 1 to {self.knobs.batch_max} badges")
        with self._lock:
            drafts: list[tuple[Badge, Badge | None]] = []
            taken: set[_Key] = set()
            for index, item in enumerate(items):
                try:
                    draft = self._draft(organization_id, item if isinstance(item, dict) else {})
                    drafts.append((draft, self._duplicate(draft, item, taken)))
                except Refusal as refusal:
                    refusal.error_index = index if batch and self.knobs.error_index else None
                    raise
                taken.update(_keys(draft))
            return [self._add(draft, replaces=duplicate) for draft, duplicate in drafts]

    def replace(self, organization_id: str, badge_id: str, item: Mapping[str, Any]) -> Badge:
        """Replace a badge by a new one, and return the new one.

        :raises Refusal: 404 no such badge; 422 replaced, revoked, or the item is wrong.
        """
        with self._lock:
            old = self.badge(organization_id, badge_id)
            if old.replacement_badge_id is not None:
                raise Refusal(422, ALREADY_REPLACED, metadata={"current_badge_id": self._current(old).id})
            if old.state == "revoked":
                raise Refusal(422, "Validation failed: This badge has been revoked")
            same = {
                "recipient_email": old.recipient_email,
                "issued_to_first_name": old.first_name,
                "issued_to_last_name": old.last_name,
            }
            given = {key: value for key, value in item.items() if value is not None and key != "recipient_email"}
            return self._add(self._draft(organization_id, same | given), replaces=old)

    def revoke(self, organization_id: str, badge_id: str, reason: str) -> Badge:
        """Revoke a badge.

        :raises Refusal: 404 no such badge; 422 no reason, revoked before, or replaced.
        """
        with self._lock:
            badge = self.badge(organization_id, badge_id)
            if not reason.strip():
                raise Refusal(422, "Validation failed: Reason can't be blank", attribute="reason")
            if not badge.live:
                raise Refusal(422, "Validation failed: This badge cannot be revoked")
            self._forget(badge)
            badge.revocation_reason = reason
            self.set_state(badge, "revoked")
            return badge

    def delete(self, organization_id: str, badge_id: str) -> None:
        """Delete a badge.

        :raises Refusal: 404.
        """
        with self._lock:
            badge = self.badge(organization_id, badge_id)
            self._forget(badge)
            del self._badges[badge.id]
            for _, _, kind, value in _keys(badge):
                self._of_person[organization_id, kind, value].remove(badge)

    def add_template(self, organization_id: str, name: str, state: str) -> Template:
        with self._lock:
            template = Template(str(uuid.uuid4()), organization_id, name, state)
            self.templates[organization_id][template.id] = template
        return template

    def change_template(self, template_id: str, **changes: Any) -> Template:
        """Change a template; one that was deleted is restored.

        :raises Refusal: 404.
        """
        with self._lock:
            template = self._deleted.pop(template_id, None) or self._any_template(template_id)
            changed = replace(template, **changes)
            self.templates[template.organization_id][template_id] = changed
        return changed

    def delete_template(self, template_id: str) -> Template:
        """Delete a template, and return it.

        :raises Refusal: 404.
        """
        with self._lock:
            template = self._any_template(template_id)
            self._deleted[template_id] = self.templates[template.organization_id].pop(template_id)
        return template

    def _any_template(self, template_id: str) -> Template:
        for kept in self.templates.values():
            if template_id in kept:
                return kept[template_id]
        raise Refusal(404, "Badge template not found")

    def set_state(self, badge: Badge, state: str) -> None:
        with self._lock:
            badge.state, badge.state_updated_at = state, datetime.now(UTC)

    def counts(self) -> dict[str, Any]:
        """Count badges by state, by template and in all; ``duplicates`` counts surplus live badges."""
        badges = self.badges()
        people = Counter((b.template.id, b.earner_id or b.recipient_email.lower()) for b in badges if b.live)
        return {
            "total": len(badges),
            "live": sum(people.values()),
            "duplicates": sum(people.values()) - len(people),
            "by_state": Counter("replaced" if b.replacement_badge_id else b.state for b in badges),
            "by_template": Counter(b.template.id for b in badges),
        }

    def _draft(self, organization_id: str, item: Mapping[str, Any]) -> Badge:
        template = self._template(organization_id, item)
        return Badge(
            id=str(uuid.uuid4()),
            organization_id=organization_id,
            template=template,
            order=len(self._badges),
            recipient_email=incoming.email(item),
            issued_at=incoming.issued_at(item),
            first_name=incoming.required(item, "issued_to_first_name"),
            last_name=incoming.required(item, "issued_to_last_name"),
            middle_name=incoming.optional(item, "issued_to_middle_name"),
            created_at=datetime.now(UTC),
            state="accepted" if self.knobs.auto_accept else "pending",
            earner_id=incoming.optional(item, "issuer_earner_id"),
            locale=incoming.optional(item, "locale") or "en",
            suppressed=item.get("suppress_badge_notification_email") in (True, "true"),
            expires_at=incoming.expires_at(item),
            country=incoming.optional(item, "country_name"),
            state_or_province=incoming.optional(item, "state_or_province"),
            evidence=item.get("evidence") if isinstance(item.get("evidence"), list) else None,
        )

    def _template(self, organization_id: str, item: Mapping[str, Any]) -> Template:
        wanted = item.get("badge_template_id")
        template = self.templates[organization_id].get(wanted if isinstance(wanted, str) else "")
        if template is None or template.state != "active" or template.refused:
            shown = wanted if isinstance(wanted, str) else ""
            raise Refusal(422, f"Invalid or missing Badge Template ID: {shown}")
        return template

    def _duplicate(self, draft: Badge, item: Mapping[str, Any], taken: set[_Key]) -> Badge | None:
        """Return the badge that this one is to replace, or None.

        :raises Refusal: 422, the learner has it already.
        """
        keys = _keys(draft)
        found = next((self._live[key] for key in keys if key in self._live), None)
        if self.knobs.allow_duplicates or (found is None and taken.isdisjoint(keys)):
            return None
        behavior = None if self.knobs.ignore_duplicate_behavior else item.get("duplicate_behavior")
        if behavior == "allow":
            return None
        if behavior == "replace" and found is not None:
            return self._badges[found]
        raise Refusal(422, self.knobs.duplicate_message, attribute="base")

    def _add(self, badge: Badge, *, replaces: Badge | None) -> Badge:
        if replaces is not None:
            self._forget(replaces)
            replaces.replacement_badge_id, badge.replaces_badge_id = badge.id, replaces.id
            if replaces.state == "accepted":
                badge.state = "accepted"
        badge.order = len(self._badges)
        self._badges[badge.id] = badge
        for key in _keys(badge):
            self._live.setdefault(key, badge.id)
            self._of_person[badge.organization_id, key[2], key[3]].append(badge)
        return badge

    def _forget(self, badge: Badge) -> None:
        """Let the learner have this badge anew."""
        for key in _keys(badge):
            if self._live.get(key) == badge.id:
                del self._live[key]

    def _current(self, badge: Badge) -> Badge:
        while badge.replacement_badge_id in self._badges:
            badge = self._badges[badge.replacement_badge_id]
        return badge


def _keys(badge: Badge) -> Iterable[_Key]:
    keys = [(badge.organization_id, badge.template.id, "recipient_email", badge.recipient_email.lower())]
    if badge.earner_id:
        keys.append((badge.organization_id, badge.template.id, "issuer_earner_id", badge.earner_id))
    return keys
