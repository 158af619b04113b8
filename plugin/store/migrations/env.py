"""Alembic's entry: it always runs inside a transaction that the store has begun."""

from alembic import context

from badgerelay.plugin.store.schema.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
