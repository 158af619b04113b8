"""Suggestions of badge templates for an unknown id."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from ..providers.live_templates import Template

MAX_SUGGESTIONS = 50
"""Maximum suggestions of one run: finding one among thousands of templates takes a tenth of a second."""


class Nearest:
    """Finds the most similar of the templates.

    :param templates: those of one connection.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        self._by_id = {template.id.lower(): template for template in templates}
        self._by_name = {name: template for template in templates for name in _names(template)}
        self._said: dict[tuple[str, str], str] = {}

    def to(self, template_id: str, name: str) -> str:
        """Return a sentence with the nearest template by id and by name, or an empty text."""
        asked = (template_id.lower(), name.casefold())
        if asked not in self._said:
            if len(self._said) >= MAX_SUGGESTIONS:
                return ""
            self._said[asked] = self._suggest(*asked)
        return self._said[asked]

    def _suggest(self, template_id: str, name: str) -> str:
        by_id = get_close_matches(template_id, self._by_id, 1, 0.8)
        by_name = get_close_matches(name, self._by_name, 1, 0.6) if name else []
        found = [(f"by id {_shown(self._by_id[key])}", self._by_id[key]) for key in by_id]
        found += [(f"by name {_shown(self._by_name[key])}", self._by_name[key]) for key in by_name]
        if len(found) == 2 and found[0][1] == found[1][1]:
            return f"the nearest by id and by name is {_shown(found[0][1])}"
        return f"the nearest is {' and '.join(text for text, _ in found)}" if found else ""


def _names(template: Template) -> tuple[str, ...]:
    """Return the template's name, in full and as long as ``badge.csv`` allows."""
    name = template.name.casefold()
    return name, name[:25].rstrip()


def _shown(template: Template) -> str:
    return f"{template.id} ({template.name!r}, {template.state})"
