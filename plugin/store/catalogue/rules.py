"""Rules: the completions that earn a badge, stored and found by the ids that they name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..database import Database
from ..schema.tables import rule_objects, rules, templates

ANY_SOURCE = "*"
IDS_AT_ONCE = 500
"""Ids of one query, below the maximum of SQLite's parameters."""

_FOR_OBJECTS = (
    sa.select(rules)
    .where(
        rules.c.source.in_(sa.bindparam("sources", expanding=True)),
        rules.c.id.in_(
            sa.select(rule_objects.c.rule_id).where(
                rule_objects.c.object_id.in_(sa.bindparam("objects", expanding=True))
            )
        ),
    )
    .order_by(rules.c.id)
)
_EARLIER_OF_LEVELS = sa.select(rules.c.id).where(
    rules.c.source == sa.bindparam("of_source"),
    rules.c.origin == "skill",
    rules.c.digest != sa.bindparam("of_digest"),
    rules.c.id.in_(
        sa.select(rule_objects.c.rule_id).where(rule_objects.c.object_id.in_(sa.bindparam("objects", expanding=True)))
    ),
)


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule: a learner who completes ``need`` of ``objects`` earns one badge.

    :param source: a source connection or an LMS host, or ``*`` for any.
    :param connection: the provider connection that issues.
    :param objects: ids of learning objects or instances, or skill levels as ``skill:<id>:<level>``; kept sorted.
    :param need: the number of objects to complete; 0 for all.
    :param passed: whether only passed completions count.
    :param least_score: 0.0 to 1.0; completions below it, or without a score, do not count.
    :param origin: ``hand`` (an administrator), ``skill`` (a new skill's badge) or ``import``.
    """

    source: str
    connection: str
    template_id: str
    objects: tuple[str, ...]
    need: int = 0
    passed: bool = True
    least_score: float | None = None
    origin: str = "hand"

    def __post_init__(self) -> None:
        """Sort the objects and fill in their number.

        :raises ValueError: when the rule names no object, or needs more objects than it names.
        """
        objects = tuple(sorted(set(self.objects)))
        object.__setattr__(self, "objects", objects)
        object.__setattr__(self, "need", self.need or len(objects))
        if not objects:
            raise ValueError("a rule names at least one learning object or skill level")
        if not 1 <= self.need <= len(objects):
            raise ValueError(f"a rule that names {len(objects)} cannot need {self.need} of them")

    @property
    def wants(self) -> str:
        """The condition in words."""
        names = ", ".join(self.objects)
        if len(self.objects) > 1:
            many = {1: "any", len(self.objects): "all"}.get(self.need, f"{self.need}")
            names = f"{many} of {names}"
        more = [] if self.passed else ["passed or not"]
        more += [] if self.least_score is None else [f"score at least {self.least_score:g}"]
        return f"{names} ({', '.join(more)})" if more else names


@dataclass(frozen=True, slots=True)
class Rule(NewRule):
    """A stored rule, or one that follows from an imported file.

    :param id: the number; 0 if the rule follows from an imported file.
    """

    id: int = 0

    @property
    def label(self) -> str:
        return f"rule {self.id}" if self.id else "an imported rule"


class Rules:
    """The stored rules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, news: Iterable[NewRule], now: float) -> list[NewRule]:
        """Add all of these rules or none. Returns those that were not there already."""
        with self._database.write() as transaction:
            return [new for new in news if self._add(transaction, new, now)]

    def wire(self, news: Iterable[NewRule], now: float) -> None:
        """Add rules of skill levels, each in place of the rules for an earlier badge of its level."""
        with self._database.write() as transaction:
            for new in news:
                self._add(transaction, new, now)
                others = {"of_source": new.source, "objects": new.objects, "of_digest": _digest(new)}
                for rule_id in transaction.scalars(_EARLIER_OF_LEVELS, others).all():
                    _remove(transaction, rule_id)

    def _add(self, transaction: sa.Connection, new: NewRule, now: float) -> bool:
        statement = (
            self._database.insert(rules)
            .values(
                source=new.source,
                connection=new.connection,
                template_id=new.template_id,
                objects=json.dumps(new.objects),
                need=new.need,
                passed=new.passed,
                least_score=new.least_score,
                origin=new.origin,
                digest=_digest(new),
                created_at=now,
            )
            .on_conflict_do_nothing()
            .returning(rules.c.id)
        )
        rule_id = transaction.scalar(statement)
        if rule_id is None:
            return False
        transaction.execute(
            sa.insert(rule_objects),
            [{"rule_id": rule_id, "object_id": each, "connection": new.connection} for each in new.objects],
        )
        return True

    def remove(self, rule_id: int) -> bool:
        """Remove the rule of this number. Returns False if there is none."""
        with self._database.write() as transaction:
            return _remove(transaction, rule_id)

    def all(self) -> list[Rule]:
        """Return every rule, the oldest first."""
        with self._database.read() as transaction:
            return [_rule(row) for row in transaction.execute(sa.select(rules).order_by(rules.c.id))]

    def unusable(self) -> dict[str, int]:
        """Return how many rules of each provider connection name a template from which nothing can be issued."""
        with self._database.read() as transaction:
            return {row.connection: row.rules for row in transaction.execute(_UNUSABLE)}

    def for_objects(self, source: str, ids: Iterable[str]) -> list[Rule]:
        """Return the rules of this source, or of any, that name one of the ids."""
        wanted = list(dict.fromkeys(ids))
        found: dict[int, Rule] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            some = {"sources": [source, ANY_SOURCE], "objects": wanted[start : start + IDS_AT_ONCE]}
            found.update((row.id, _rule(row)) for row in self._database.rows(_FOR_OBJECTS, some))
        return [found[rule_id] for rule_id in sorted(found)]


_UNUSABLE = (
    sa.select(rules.c.connection, sa.func.count().label("rules"))
    .outerjoin(
        templates,
        sa.and_(templates.c.connection == rules.c.connection, templates.c.template_id == rules.c.template_id),
    )
    .where(sa.or_(templates.c.state.is_(None), templates.c.state != "active"))
    .group_by(rules.c.connection)
)


def skill_object(skill_id: str, level: int | str) -> str:
    """Return the id of a skill level in rules."""
    return f"skill:{skill_id}:{level}"


def _remove(transaction: sa.Connection, rule_id: int) -> bool:
    transaction.execute(sa.delete(rule_objects).where(rule_objects.c.rule_id == rule_id))
    return transaction.execute(sa.delete(rules).where(rules.c.id == rule_id)).rowcount == 1


def _rule(row: Row[Any]) -> Rule:
    return Rule(
        source=row.source,
        connection=row.connection,
        template_id=row.template_id,
        objects=tuple(json.loads(row.objects)),
        need=row.need,
        passed=bool(row.passed),
        least_score=row.least_score,
        origin=row.origin,
        id=row.id,
    )


def _digest(new: NewRule) -> str:
    """Return the digest of a rule's content, which is unique."""
    meaning = [new.source, new.connection, new.template_id, list(new.objects), new.need, new.passed, new.least_score]
    return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()
