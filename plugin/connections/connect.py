"""Making and checking connections: nothing is saved that does not work."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields

from ...adapters.base import Storage
from ...adapters.errors import ConfigurationError
from ...adapters.registry import load_adapter
from ..providers.pool import make_adapter
from ..providers.rate_limits import pace_of
from ..sources.alm.api.connect import client_of
from ..sources.alm.settings import AlmSettings
from ..store import Connection, Store
from ..store.policy import KEYS, PolicySettings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ALM = "alm"


class RefusedError(Exception):
    """A declaration that is wrong in itself; the message names the connection, the setting and what to do."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One connection as an administrator declares it, references to files and variables resolved."""

    type: str
    name: str
    values: dict[str, Any]


def schema_of(type_: str) -> type[Schema]:
    """The settings of a connection of that type, without what every provider connection can set.

    :raises ConfigurationError: nothing of that name is installed, or it does not work.
    """
    return AlmSettings if type_ == ALM else load_adapter(type_).settings_schema


def fields_of(type_: str) -> dict[str, fields.Field[Any]]:
    """All that can be set for a connection of that type. :raises ConfigurationError: as :func:`schema_of`."""
    own = schema_of(type_)().fields
    return dict(own) if type_ == ALM else {**own, **PolicySettings().fields}


def load_settings(type_: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Validated settings of a connection of that type.

    :raises ConfigurationError: as :func:`schema_of`.
    :raises ValidationError: names what is wrong, of the adapter's own and of ours.
    """
    ours = set() if type_ == ALM else KEYS
    parts = (
        (schema_of(type_), {key: value for key, value in values.items() if key not in ours}),
        (PolicySettings, {key: value for key, value in values.items() if key in ours}),
    )
    settings: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for schema, given in parts:
        try:
            settings.update(schema().load(given))
        except ValidationError as error:
            wrong.update(error.messages if isinstance(error.messages, dict) else {"": error.messages})
    if not wrong and type_ != ALM:
        most = load_adapter(type_).capabilities.max_batch
        if settings.get("max_batch", 1) > most:
            wrong["max_batch"] = [f"Must be at most {most}: {type_} takes no more badges in one call."]
    if wrong:
        raise ValidationError(wrong)
    return settings


def secret_keys(schema: type[Schema]) -> set[str]:
    return {key for key, field in schema().fields.items() if field.metadata.get("secret")}


def resolve(values: Mapping[str, Any], schema: type[Schema]) -> dict[str, Any]:
    """Replace ``<secret>_file`` and ``<secret>_env`` by what they point to.

    :raises RefusedError: nothing is there.
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


def connect(store: Store, declared: Declared) -> str:
    """Check a connection against the other end and save it.

    :return: ``connected``, ``changed`` or ``unchanged`` (then nothing was asked, unless something ails it).
    :raises RefusedError: the declaration is wrong.
    :raises AdapterError: the other end refuses it, or does not answer; nothing was saved.
    """
    where = f"{declared.type} {declared.name!r}"
    if not NAME.fullmatch(declared.name):
        raise RefusedError(
            f"{where}: a name is 1 to 64 of letters, digits, '.', '_', '-', and begins with none of these"
        )
    try:
        schema = schema_of(declared.type)
    except ConfigurationError as error:
        raise RefusedError(str(error)) from None
    try:
        settings = load_settings(declared.type, resolve(declared.values, schema))
    except ValidationError as error:
        raise RefusedError(f"{where}: {sentences(error)}") from None
    except RefusedError as error:
        raise RefusedError(f"{where}: {error}") from None
    before = store.connections.get(declared.name)
    if before is not None and before.type != declared.type:
        raise RefusedError(f"{where}: there is a connection of that name already, of type {before.type}")
    same = before is not None and before.settings == settings
    if before is not None and same and not before.failures:
        return "unchanged"
    _check_references(store, where, declared, settings)
    role = "source" if declared.type == ALM else "provider"
    kept = _Memory(store.storage(declared.name).values())
    account = check(store, Connection(declared.name, role, declared.type, "", settings), kept)
    secret = secret_keys(schema)
    store.connections.save(
        declared.name,
        role,
        declared.type,
        account,
        {key: value for key, value in settings.items() if key not in secret},
        {key: value for key, value in settings.items() if key in secret},
        store.now(),
    )
    kept.pour_into(store.storage(declared.name))
    return "connected" if before is None else "unchanged" if same else "changed"


def check(store: Store, connection: Connection, storage: Storage | None = None) -> str:
    """Ask the other end whether the settings work; what the account is called there.

    :param storage: instead of the connection's own, for one that is not saved yet.
    :raises AdapterError: they do not, or it does not answer.
    """
    if connection.role == "provider":
        adapter = make_adapter(store, connection, storage=storage, pace=pace_of(store, connection, insist=True))
        try:
            account = adapter.check()
        finally:
            adapter.close()
        return f"{account.name} ({account.id})"
    client = client_of(store, connection, storage=storage, insist=True)
    try:
        return client.check()
    finally:
        client.close()


def read_toml(file: Path) -> dict[str, Any]:
    """The document that ``--from`` names. :raises RefusedError: it cannot be read, or is none."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusedError(f"--from: cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusedError(f"--from: {file} is not TOML: {error}") from None


def read_declarations(document: Mapping[str, Any]) -> list[Declared]:
    """The connections of a TOML file, providers before the sources that name them.

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
    doubled = _doubled(declared.name for declared in found)
    if doubled:
        raise RefusedError(f"the name {doubled!r} is there twice")
    return sorted(found, key=lambda declared: declared.type == ALM)


class _Memory:
    """Storage for a connection that is only being tried: what it learned, or used of what was there, is kept then.

    :param before: what a connection of that name has: a rotated token cannot be had again.
    """

    def __init__(self, before: Mapping[str, tuple[str, float | None]]) -> None:
        self._values = dict(before)
        self._used: set[str] = set()

    def get(self, key: str) -> str | None:
        self._used.add(key)
        return self._values[key][0] if key in self._values else None

    def put(self, key: str, value: str, *, seconds: float | None = None) -> None:
        self._used.add(key)
        self._values[key] = (value, seconds)

    @contextmanager
    def lock(self, key: str, *, seconds: float) -> Iterator[bool]:  # noqa: ARG002 (nobody else is here)
        yield True

    def pour_into(self, storage: Storage) -> None:
        for key in self._used & self._values.keys():
            value, seconds = self._values[key]
            storage.put(key, value, seconds=seconds)


def _check_references(store: Store, where: str, declared: Declared, settings: Mapping[str, Any]) -> None:
    if declared.type != ALM:
        return
    issuers: dict[str, str] = {}
    for name in settings["provider"]:
        provider = store.connections.get(name)
        if provider is None or provider.role != "provider":
            raise RefusedError(f"{where}: provider: there is no provider connection {name!r}; connect it first")
        other_name = issuers.setdefault(provider.type, name)
        if other_name != name:
            raise RefusedError(
                f"{where}: provider: {other_name!r} and {name!r} are both of {provider.type}; name one of each "
                "provider, as the one that a badge names chooses among them"
            )
    for other in store.connections.all():
        same = other.type == ALM and other.settings["account_id"] == settings["account_id"]
        if same and other.name != declared.name:
            raise RefusedError(f"{where}: account_id: the account is connected already, as {other.name!r}")


def sentences(error: ValidationError) -> str:
    """Each key and what is wrong with it, in one line."""
    messages = error.messages if isinstance(error.messages, dict) else {"": error.messages}
    return "; ".join(
        f"{key}: {' '.join(map(str, value)) if isinstance(value, list) else value}" for key, value in messages.items()
    )


def _doubled(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
