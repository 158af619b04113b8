"""Badge templates as last synchronized, and the rules that say which learning object earns which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ...adapters.base import BadgeTemplate
from .database import Database
from .tables import rules, templates

ANY_SOURCE = "*"

_RULES_FOR = sa.select(rules).where(
    rules.c.source.in_(sa.bindparam("sources", expanding=True)),
    rules.c.learning_object_id.in_(sa.bindparam("objects", expanding=True)),
)


class Catalogue:
    def __init__(self, database: Database) -> None:
        self._database = database

    def replace_templates(self, connection_name: str, found: Iterable[BadgeTemplate], now: float) -> int:
        """Make our copy of a connection's templates equal to what the provider has; how many it has."""
        rows = [
            {
                "connection": connection_name,
                "template_id": template.id,
                "name": template.name,
                "state": template.state,
                "image_url": template.image_url,
                "url": template.url,
                "allows_duplicates": template.allows_duplicates,
                "synced_at": now,
            }
            # One that moved between two pages while they were read comes twice.
            for template in {template.id: template for template in found}.values()
        ]
        with self._database.write() as connection:
            connection.execute(sa.delete(templates).where(templates.c.connection == connection_name))
            if rows:
                connection.execute(sa.insert(templates), rows)
        return len(rows)

    def templates(self, connection_name: str | None = None) -> list[Row[Any]]:
        query = sa.select(templates).order_by(templates.c.connection, templates.c.name)
        if connection_name is not None:
            query = query.where(templates.c.connection == connection_name)
        with self._database.read() as connection:
            return list(connection.execute(query))

    def rules(self) -> list[Row[Any]]:
        with self._database.read() as connection:
            return list(connection.execute(sa.select(rules).order_by(rules.c.id)))

    def add_rule(
        self, source: str, learning_object_id: str, connection_name: str, template_id: str, now: float
    ) -> bool:
        """False when it was there already."""
        statement = (
            self._database.insert(rules)
            .values(
                source=source,
                learning_object_id=learning_object_id,
                connection=connection_name,
                template_id=template_id,
                created_at=now,
            )
            .on_conflict_do_nothing()
            .returning(rules.c.id)
        )
        with self._database.write() as connection:
            return connection.scalar(statement) is not None

    def remove_rule(self, rule_id: int) -> bool:
        with self._database.write() as connection:
            return connection.execute(sa.delete(rules).where(rules.c.id == rule_id)).rowcount == 1

    def rules_for(self, source: str, object_ids: Iterable[str]) -> list[Row[Any]]:
        """The rules that a completion meets. :param object_ids: of the learning object and of its instance."""
        with self._database.read() as connection:
            wanted = {"sources": [source, ANY_SOURCE], "objects": list(object_ids)}
            return list(connection.execute(_RULES_FOR, wanted))
