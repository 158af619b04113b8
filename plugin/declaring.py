"""Writing connections as ``connect --from`` reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping


def toml_block(type_: str, name: str, settings: Mapping[str, str]) -> str:
    """One connection as TOML. The values are strings, which JSON and TOML write alike."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"name": name, **settings}.items()]
    return "\n".join([f"[[{type_}]]", *lines, "", ""])
