"""Look-up of the rules that name a learning object or a skill level."""

from __future__ import annotations

from collections.abc import Iterable

from ..store import Store
from ..store.catalogue.rules import Rule
from .imported import imported_rules


def rules_for(
    store: Store, source: str, objects: Iterable[str], instance: str | None = None, kind: str | None = None
) -> list[Rule]:
    """Return the stored rules, then the rules that follow from imported files.

    The parameters are those of :func:`.imported.imported_rules`.
    """
    own = list(objects)
    named = [*own, instance] if instance else own
    return [*store.rules.for_objects(source, named), *imported_rules(store, source, own, instance, kind)]
