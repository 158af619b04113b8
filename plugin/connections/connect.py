"""Checking and saving of connections: a connection that does not work is not saved."""

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
    """Check a connection with its provider or LMS, and save it.

    :return: ``connected``, ``changed`` or ``unchanged``. An unchanged connection without failures is not checked.
    :raises RefusedError: the declaration is not valid.
    :raises AdapterError: the provider or LMS refuses the settings, or does not answer; nothing was saved.
    """
    where = f"{declared.type} {declared.name!r}"
    if not NAME.fullmatch(declared.name):
        raise RefusedError(
            f"{where}: a name is 1 to 64 of letters, digits, '.', '_', '-', and begins with a letter or a digit"
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
    kept = _TrialStorage(store.storage(declared.name).values())
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
    kept.copy_into(store.storage(declared.name))
    return "connected" if before is None else "unchanged" if same else "changed"


def check(store: Store, connection: Connection, storage: Storage | None = None) -> str:
    """Ask the provider or LMS whether the settings work. Returns the account's name there.

    :param storage: replaces the connection's own storage while the connection is not saved.
    :raises AdapterError: the settings do not work, or there is no answer.
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


class _TrialStorage:
    """Storage of a connection that is being checked; its used values are copied once the connection is saved.

    :param before: the stored values of a connection of the same name, since a rotated token cannot be fetched again.
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
    def lock(self, key: str, *, seconds: float) -> Iterator[bool]:  # noqa: ARG002 (no other process has this storage)
        yield True

    def copy_into(self, storage: Storage) -> None:
        """Copy the used values."""
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
                f"{where}: provider: {other_name!r} and {name!r} are both of {provider.type}; name one "
                "connection of each provider, since a badge names only its provider"
            )
    for other in store.connections.all():
        same = other.type == ALM and other.settings["account_id"] == settings["account_id"]
        if same and other.name != declared.name:
            raise RefusedError(f"{where}: account_id: the account is connected already, as {other.name!r}")
