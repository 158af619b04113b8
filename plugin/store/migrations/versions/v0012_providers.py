"""An ALM account names several provider connections."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connections = sa.table("connections", sa.column("name"), sa.column("role"), sa.column("settings"))
    sources = sa.select(connections.c.name, connections.c.settings).where(connections.c.role == "source")
    for name, text in op.get_bind().execute(sources).all():
        settings = json.loads(text)
        if isinstance(settings.get("provider"), str):
            settings["provider"] = [settings["provider"]]
            changed = connections.update().where(connections.c.name == name)
            op.execute(changed.values(settings=json.dumps(settings, sort_keys=True)))
