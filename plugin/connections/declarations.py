"""Declarations of connections, as administrators give them and ``connect --from`` reads and writes them."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError

from .schemas import ALM, secret_keys


class RefusedError(Exception):
    """The declaration is not valid. The message names the connection, the setting and the next step."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One connection as an administrator declares it."""

    type: str
    name: str
    values: dict[str, Any]


def resolve(values: Mapping[str, Any], schema: type[Schema]) -> dict[str, Any]:
    """Replace ``<secret>_file`` and ``<secret>_env`` by the contents of the file or variable.

    :raises RefusedError: the file cannot be read, or the variable is not set.
    """
    resolved = dict(values)
    for key in secret_keys(schema):
        if (path := resolved.pop(f"{key}_file", None)) is not None:
            try:
                resolved[key] = Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise RefusedError(
                    f"{key}_file: cannot read {path}: {getattr(error, 'strerror', 'not text')}"
                ) from None
        if (variable := resolved.pop(f"{key}_env", None)) is not None:
            if variable not in os.environ:
                raise RefusedError(f"{key}_env: the variable {variable} is not set")
            resolved[key] = os.environ[variable]
    return resolved


def read_toml(file: Path) -> dict[str, Any]:
    """Return the TOML document that ``--from`` names.

    :raises RefusedError: the file cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusedError(f"--from: cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusedError(f"--from: {file} is not TOML: {error}") from None


def read_declarations(document: Mapping[str, Any]) -> list[Declared]:
    """Return the connections of a TOML file, providers before the sources that name them.

    :raises RefusedError: the document has another shape.
    """
    found: list[Declared] = []
    for type_, tables in document.items():
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise RefusedError(f"[{type_}] must be written [[{type_}]], once for each connection")
        for table in tables:
            values = dict(table)
            name = values.pop("name", None)
            if not isinstance(name, str):
                raise RefusedError(f"a [[{type_}]] has no name")
            found.append(Declared(type_, name, values))
    repeated = _first_repeated(declared.name for declared in found)
    if repeated:
        raise RefusedError(f"the name {repeated!r} is there twice")
    return sorted(found, key=lambda declared: declared.type == ALM)


def toml_block(type_: str, name: str, settings: Mapping[str, str]) -> str:
    """Return one connection as TOML. Its values are strings, which JSON and TOML write alike."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"name": name, **settings}.items()]
    return "\n".join([f"[[{type_}]]", *lines, "", ""])


def sentences(error: ValidationError) -> str:
    """Return each key with its errors, in one line."""
    messages = error.messages if isinstance(error.messages, dict) else {"": error.messages}
    return "; ".join(
        f"{key}: {' '.join(map(str, value)) if isinstance(value, list) else value}" for key, value in messages.items()
    )


def _first_repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
