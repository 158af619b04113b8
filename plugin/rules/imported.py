"""Rules that follow from imported files, whose rows tie badges to instances, certifications and skill levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..store import Store
from ..store.catalogue.rules import Rule
from ..store.imports.imported_rows import Tie

_INSTANCE_FILES = ("course_instance", "learning_program_instance")
"""Files whose rows tie instances of learning objects."""

_FILES = {"course": "course_instance", "learning_path": "learning_program_instance", "certification": "certification"}
"""The file whose rows tie a learning object, by kind of event."""


def imported_rules(
    store: Store, source: str, objects: Iterable[str], instance: str | None = None, kind: str | None = None
) -> list[Rule]:
    """Return the rules that imported files give for a completion.

    A badge belongs to an instance. If all imported instances of a learning object have the same badge, the object has
    it too. If their badges differ, only the instance decides: no badge is better than a wrong one.

    :param objects: ids of the completed object: the learning object, a certification's root, ``skill:<id>:<level>``.
    :param instance: the id of its instance, which an instance of another object may share.
    :param kind: the kind of the learning object in events of hosts, whose ids may repeat across kinds. None if the
        ids are unique.
    """
    wanted = frozenset(objects)
    by_kind: dict[str, list[Tie]] = {}
    for tie in store.imports.ties(source, wanted | ({instance} if instance else set())):
        if kind is None or tie.kind == _FILES.get(kind):
            by_kind.setdefault(tie.kind, []).append(tie)
    found: dict[tuple[str, str], Rule] = {}
    for file, ties in by_kind.items():
        chosen = _of_instances(ties, wanted, instance) if file in _INSTANCE_FILES else _of_objects(ties, wanted)
        for tie, tied in chosen:
            if tie.connection and tie.template_id:
                target = (tie.connection, tie.template_id)
                found.setdefault(target, Rule(source, *target, (tied,), origin="import"))
    return list(found.values())


def _of_objects(ties: Sequence[Tie], wanted: frozenset[str]) -> list[tuple[Tie, str]]:
    return [(tie, tie.object_id) for tie in ties if tie.object_id in wanted]


def _of_instances(ties: Sequence[Tie], wanted: frozenset[str], instance: str | None) -> list[tuple[Tie, str]]:
    of_object = [tie for tie in ties if tie.object_id in wanted]
    exact = [tie for tie in of_object if instance and tie.instance_id == instance]
    if exact:
        return [(tie, tie.instance_id or "") for tie in exact]
    itself = [tie for tie in ties if tie.instance_id in wanted]  # the source may send the instance as the object
    for some, tied in ((of_object, "object_id"), (itself, "instance_id")):
        if some and len({tie.badge_id for tie in some}) == 1:
            return [(some[0], getattr(some[0], tied) or "")]
    return []
