"""The rules that name a learning object or a skill level, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable

from ..imports.ties import ties_for
from ..store import Store
from ..store.rules import Rule


def rules_for(store: Store, source: str, ids: Iterable[str]) -> list[Rule]:
    """Those that an administrator or a new skill made, then those that follow from imported files."""
    wanted = list(ids)
    return [*store.rules.for_objects(source, wanted), *ties_for(store, source, wanted)]
