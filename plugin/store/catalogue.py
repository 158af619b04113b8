"""Badge templates as last synchronized."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ...adapters.base import BadgeTemplate
from .database import Database
from .tables import templates


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
