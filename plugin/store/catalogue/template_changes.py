"""Differences between the catalogue and a provider's list of templates. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ....adapters.values import BadgeTemplate
from .values import CatalogueTemplate

DELETED = "deleted"
"""The state of a template that the provider no longer lists."""

FEW = 3
"""Maximum templates that may vanish from one listing to the next if others stay; more only if less than half do."""

Kind = Literal["new", "renamed", "image", "active", "draft", "archived", "deleted"]


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """A change of one badge template.

    :param kind: a state means that the template is in this state now; ``before`` has the earlier state.
    :param name: the name after the change.
    """

    template_id: str
    kind: Kind
    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        what = f"badge template {self.name!r} ({self.template_id})"
        match self.kind:
            case "new":
                return f"{what} is new, {self.after}"
            case "renamed":
                return f"{what} was called {self.before!r}"
            case "image":
                return f"{what} has another image"
            case _:
                return f"{what} was {self.before} and is {self.after}"


def changes_between(before: Mapping[str, CatalogueTemplate], now: Iterable[BadgeTemplate]) -> list[TemplateChange]:
    """Return the changes from the catalogue to the provider's list.

    :param before: the catalogue's templates by id.
    """
    found: list[TemplateChange] = []
    listed: set[str] = set()
    for template in now:
        listed.add(template.id)
        kept = before.get(template.id)
        if kept is None:
            found.append(TemplateChange(template.id, "new", template.name, None, template.state))
            continue
        if kept.state != template.state:
            found.append(TemplateChange(template.id, template.state, template.name, kept.state, template.state))
        if kept.name != template.name:
            found.append(TemplateChange(template.id, "renamed", template.name, kept.name, template.name))
        if _picture(kept.image_url) != _picture(template.image_url):
            found.append(TemplateChange(template.id, "image", template.name, kept.image_url, template.image_url))
    for template_id, kept in before.items():
        if template_id not in listed and kept.state != DELETED:
            found.append(TemplateChange(template_id, "deleted", kept.name, kept.state, DELETED))
    return found


def _picture(url: str | None) -> str:
    """Return the address without its query, which may be a signature that expires."""
    return (url or "").partition("?")[0]


def doubtful(before: Collection[CatalogueTemplate], changes: Iterable[TemplateChange]) -> bool:
    """Return whether so many templates have vanished at once that the list is probably wrong."""
    known = sum(row.state != DELETED for row in before)
    lost = sum(change.kind == "deleted" for change in changes)
    return lost > 0 and (lost == known or lost > max(FEW, known // 2))
