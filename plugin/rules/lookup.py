"""The rules that name a learning object or a skill level, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable

from ..store import Store
from ..store.catalogue.rules import Rule
from .imported import ties_for


def rules_for(
    store: Store, source: str, objects: Iterable[str], instance: str | None = None, kind: str | None = None
) -> list[Rule]:
    """Those that an administrator or a new skill made, then those that follow from imported files.

    Parameters as of :func:`ties_for`.
    """
    own = list(objects)
    named = [*own, instance] if instance else own
    return [*store.rules.for_objects(source, named), *ties_for(store, source, own, instance, kind)]
