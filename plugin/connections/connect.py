"""Checking and saving of connections: one that does not work is not saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from marshmallow import ValidationError

from ...adapters.context import Storage
from ...adapters.errors import ConfigurationError
from ..providers.pool import make_adapter
from ..providers.rate_limits import pace_of
from ..sources.alm.api.connect import client_of
from ..store import Connection, Store
from .declarations import Declared, RefusedError, resolve, sentences
from .schemas import ALM, NAME, load_settings, schema_of, secret_keys


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
