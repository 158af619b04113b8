"""Badge templates that belong to a skill level: by id, by name, or by a similar name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cached_property

from ..store import Store
from ..store.catalogue.values import IssuableTemplate

LEAST_SIMILARITY = 0.8
"""Minimum similarity (0 to 1) between the names of a template and a level."""


class SkillTemplates:
    """The templates that can be issued: those of the source connection's providers, or all for an LMS host.

    They are read once, when first needed, for all skills of a batch.

    :param connection: the source connection; empty for an LMS host.
    """

    def __init__(self, store: Store, connection: str) -> None:
        self._store = store
        self._connection = connection

    def of_id(self, template_id: str) -> list[IssuableTemplate]:
        """Return the templates of this id, one per connection; if there is none, ignore upper and lower case."""
        alike = self._by_lowered_id.get(template_id.lower(), [])
        return [row for row in alike if row.template_id == template_id] or alike

    def of_name(self, names: Iterable[str]) -> IssuableTemplate | None:
        """Return the template with the most similar name, or None. Case and spaces do not count."""
        wanted = list(dict.fromkeys(filter(None, map(_plain, names))))
        for name in wanted:
            if name in self._by_name:
                return self._by_name[name]
        best: tuple[float, IssuableTemplate] | None = None
        for name in wanted:
            matcher = difflib.SequenceMatcher(None, b=name, autojunk=False)  # quick while b stays the same
            for other, template in self._by_name.items():
                least = LEAST_SIMILARITY if best is None else best[0]
                matcher.set_seq1(other)
                # The first two are upper bounds of the third and far cheaper.
                if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
                    similarity = matcher.ratio()
                    if similarity >= LEAST_SIMILARITY and (best is None or similarity > best[0]):
                        best = (similarity, template)
        return None if best is None else best[1]

    @cached_property
    def _rows(self) -> list[IssuableTemplate]:
        own = self._store.connections.get(self._connection) if self._connection else None
        return self._store.catalogue.active(None if own is None else own.settings["provider"])

    @cached_property
    def _by_lowered_id(self) -> dict[str, list[IssuableTemplate]]:
        found: dict[str, list[IssuableTemplate]] = {}
        for row in self._rows:
            found.setdefault(row.template_id.lower(), []).append(row)
        return found

    @cached_property
    def _by_name(self) -> dict[str, IssuableTemplate]:
        found: dict[str, IssuableTemplate] = {}
        for row in self._rows:
            found.setdefault(_plain(row.name), row)
        return found


def _plain(name: str) -> str:
    return "".join(name.casefold().split())
