"""An issuer's badge templates, stored by badgerelay; credentials contain them as achievements."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlsplit

from ..context import Change, Record, Records
from ..errors import ConfigurationError
from ..values import BadgeTemplate, TemplateDraft, TemplateState
from .baking import PNG, SVG, image_type
from .rdf_canonical import is_reference

KIND, IMAGES = "template", "image"
MAX_IMAGE = 1024 * 1024
"""Maximum bytes of an image: each downloaded badge contains it."""

KINDS = (
    *("Achievement", "ApprenticeshipCertificate", "Assessment", "Assignment", "Award", "Badge", "Certificate"),
    *("CertificateOfCompletion", "Certification", "CommunityService", "Competency", "Course", "CoCurricular"),
    *("Degree", "Diploma", "Fieldwork", "LearningProgram", "License", "Membership", "MicroCredential"),
)
"""The values of ``achievementType`` that apply to a course or a path."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LENGTHS = {"name": 200, "description": 5_000, "criteria": 10_000}


@dataclass(frozen=True)
class Template:
    """A stored badge template. :param version: of its record. :param image: the type of its image, or empty."""

    id: str
    version: int
    said: dict[str, Any] = field(repr=False)

    @property
    def state(self) -> TemplateState:
        return cast("TemplateState", self.said["state"])

    @property
    def name(self) -> str:
        return str(self.said["name"])

    @property
    def image(self) -> str:
        return str(self.said["image"])

    @property
    def valid_days(self) -> int | None:
        return cast("int | None", self.said["valid_days"])

    def achievement(self, url: str) -> dict[str, Any]:
        """Return the template. :param url: of the issuer's public pages."""
        own = self.url(url)
        criteria = {"id": self.said["criteria_url"], "narrative": self.said["criteria"]}
        optional = {
            "tag": self.said["tags"],
            "image": {"id": f"{own}/image", "type": "Image"} if self.image else None,
        }
        return {
            "id": own,
            "type": ["Achievement"],
            "achievementType": self.said["kind"],
            "name": self.name,
            "description": self.said["description"],
            "criteria": {key: value for key, value in criteria.items() if value},
            **{key: value for key, value in optional.items() if value},
        }

    def url(self, url: str) -> str:
        return f"{url}/achievements/{quote(self.id, safe='')}"

    def listed(self, url: str) -> BadgeTemplate:
        own = self.url(url)
        image = f"{own}/image" if self.image else None
        return BadgeTemplate(self.id, self.name, self.state, self.said["description"], image, own)


class Templates:
    def __init__(self, records: Records) -> None:
        self._records = records

    def get(self, ids: Sequence[str]) -> dict[str, Template]:
        return {key: _template(record) for key, record in self._records.get(KIND, list(ids)).items()}

    def all(self) -> Iterator[Template]:
        return map(_template, self._records.listed(KIND))

    def image(self, template_id: str) -> tuple[bytes, str] | None:
        """Return the image's bytes and type."""
        record = self._records.get(IMAGES, [template_id]).get(template_id)
        if record is None:
            return None
        content = base64.b64decode(record.value)
        return content, image_type(content)

    @staticmethod
    def drafted(draft: TemplateDraft) -> Template:
        """Return the template of a draft. :raises ConfigurationError: names the field that is not valid."""
        _check(draft)
        return Template(draft.id, 0, _said(draft))

    def put(self, draft: TemplateDraft) -> Template:
        """Create or change a template; the image stays if the draft has none.

        :raises ConfigurationError: as :meth:`drafted`.
        """
        _check(draft)
        for _ in range(10):
            kept = self._records.get(KIND, [draft.id]).get(draft.id)
            image = self._records.get(IMAGES, [draft.id]).get(draft.id)
            said = _said(draft)
            if draft.image is None and kept is not None:
                said["image"] = json.loads(kept.value)["image"]
            changes = [Change(KIND, draft.id, json.dumps(said, sort_keys=True), kept.version if kept else 0)]
            if draft.image is not None:
                value = base64.b64encode(draft.image).decode()
                changes.append(Change(IMAGES, draft.id, value, image.version if image else 0))
            if self._records.change(changes):
                return self.get([draft.id])[draft.id]
        raise ConfigurationError("another process changes this badge template at the same time; try again")


def _said(draft: TemplateDraft) -> dict[str, Any]:
    return {
        "name": draft.name.strip(),
        "description": draft.description.strip(),
        "criteria": draft.criteria.strip(),
        "criteria_url": draft.criteria_url or "",
        "kind": draft.kind or "Course",
        "tags": list(draft.tags),
        "valid_days": draft.valid_days,
        "state": draft.state,
        "image": image_type(draft.image) if draft.image is not None else "",
    }


def _check(draft: TemplateDraft) -> None:
    def wrong(setting: str, message: str) -> ConfigurationError:
        return ConfigurationError(f"{setting}: {message}", setting=setting)

    if not _ID.fullmatch(draft.id):
        raise wrong("id", "1 to 64 of letters, digits, '.', '_', '-'")
    for name, most in _LENGTHS.items():
        if not 1 <= len(getattr(draft, name).strip()) <= most:
            raise wrong(name, f"1 to {most:,} characters")
    if draft.kind and draft.kind not in KINDS:
        raise wrong("kind", f"one of {', '.join(KINDS)}")
    if draft.state not in ("active", "draft", "archived"):
        raise wrong("state", "active, draft or archived")
    if draft.valid_days is not None and not 1 <= draft.valid_days <= 36_500:
        raise wrong("valid_days", "1 to 36,500 days")
    if draft.criteria_url and not _is_url(draft.criteria_url):
        raise wrong("criteria_url", "an https:// URL")
    if len(draft.tags) > 50 or not all(tag.strip() and len(tag) <= 100 for tag in draft.tags):
        raise wrong("tags", "up to 50, each of 1 to 100 characters")
    if draft.image is not None and (len(draft.image) > MAX_IMAGE or image_type(draft.image) not in (PNG, SVG)):
        raise wrong("image", "a PNG or an SVG of at most 1 MiB")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.netloc) and is_reference(text)


def _template(record: Record) -> Template:
    return Template(record.key, record.version, json.loads(record.value))
