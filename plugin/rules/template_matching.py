"""The badge templates that a level of a skill may mean: by their id, by their name, and by a name that is alike."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from sqlalchemy.engine import Row

from ..store import Store

LIKENESS = 0.8
"""From here on (0 to 1) a template's name looks like a level's."""


class SkillTemplates:
    """Those that can be issued: of the source connection's own providers, or for a host of any.

    Read once, when first needed, for all skills of a batch.

    :param connection: the source connection; empty for an LMS host.
    """

    def __init__(self, store: Store, connection: str) -> None:
        self._store = store
        self._connection = connection

    def of_id(self, template_id: str) -> list[Row[Any]]:
        """One of each connection that has it; where none has, those whose id has other cases of letters."""
        alike = self._by_lowered_id.get(template_id.lower(), [])
        return [row for row in alike if row.template_id == template_id] or alike

    def of_name(self, names: Iterable[str]) -> Row[Any] | None:
        """The one whose name is nearest to one of the names, if any is near. Case and spaces do not count."""
        wanted = list(dict.fromkeys(filter(None, map(_plain, names))))
        for name in wanted:
            if name in self._by_name:
                return self._by_name[name]
        best: tuple[float, Row[Any]] | None = None
        for name in wanted:
            matcher = difflib.SequenceMatcher(None, b=name, autojunk=False)  # which is quick while b stays the same
            for other, template in self._by_name.items():
                least = LIKENESS if best is None else best[0]
                matcher.set_seq1(other)
                # The first two are upper bounds of the third and far cheaper.
                if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
                    likeness = matcher.ratio()
                    if likeness >= LIKENESS and (best is None or likeness > best[0]):
                        best = (likeness, template)
        return None if best is None else best[1]

    @cached_property
    def _rows(self) -> list[Row[Any]]:
        own = self._store.connections.get(self._connection) if self._connection else None
        return self._store.catalogue.active(None if own is None else own.settings["provider"])

    @cached_property
    def _by_lowered_id(self) -> dict[str, list[Row[Any]]]:
        found: dict[str, list[Row[Any]]] = {}
        for row in self._rows:
            found.setdefault(row.template_id.lower(), []).append(row)
        return found

    @cached_property
    def _by_name(self) -> dict[str, Row[Any]]:
        found: dict[str, Row[Any]] = {}
        for row in self._rows:
            found.setdefault(_plain(row.name), row)
        return found


def _plain(name: str) -> str:
    return "".join(name.casefold().split())
