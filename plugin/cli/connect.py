"""``badgerelay connect``: make one connection by options, or several from a TOML file."""

from __future__ import annotations

import sys
from functools import partial
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click
from marshmallow import fields, missing

from ...adapters.errors import AdapterError, ConfigurationError
from ...adapters.registry import adapter_names, load_adapter
from ..connections.connect import connect as connect_one
from ..connections.declarations import Declared, read_declarations, read_toml
from ..connections.schemas import ALM, fields_of, schema_of, secret_keys
from ..providers.template_sync import sync_templates
from ..runtime.durations import number_of
from ..sources.alm.polls.skills import learn_skills
from ..store import Connection, Store
from ..store.policy import skills_every
from .common import FailedError, exit_code_of, named_connection, opened_store
from .groups import Group
from .progress import counted, status

NAME_HELP = """

NAME is yours to choose: commands, rules and web addresses call the connection by it."""


class _Types(Group):
    """A command for each installed adapter and for ALM, with the fields of its settings schema as options."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return [*adapter_names(), ALM]

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        return _command_for(name.lower()) if name.lower() in self.list_commands(_context) else None


@click.group(cls=_Types, invoke_without_command=True)
@click.option(
    "--from", "file", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file that declares connections."
)
@click.pass_context
def connect(context: click.Context, file: Path | None) -> None:
    """Connect a badge provider or ALM. The settings are checked first, and saved only if they work.

    Give a kind of connection, or --from FILE.toml for several at once. An existing connection of the same name is
    changed.
    """
    if context.invoked_subcommand is None:
        if file is None:
            raise click.UsageError("give a kind of connection, or --from FILE.toml", context)
        _connect_file(file)
    elif file is not None:
        raise click.UsageError("give either --from or a kind of connection", context)


def _connect_file(file: Path) -> None:
    document = read_toml(file)
    worst = 0
    with opened_store() as store:
        for declared in read_declarations(document):
            try:
                _report(store, declared)
            except Exception as error:
                code = exit_code_of(error)
                if code is None:
                    raise
                click.echo(f"badgerelay: {_message(declared, error)}", err=True)
                worst = max(worst, code)
    sys.exit(worst)


def _report(store: Store, declared: Declared) -> None:
    with status(f"checking {declared.type} {declared.name}"):
        outcome = connect_one(store, declared)
    connection = named_connection(store, declared.name)
    line = f"{outcome}: {declared.type} {declared.name}: {connection.account}"
    try:
        line += _read_first(store, connection, outcome)
    except AdapterError as error:
        what = f"templates sync {connection.name}" if connection.role == "provider" else "skills poll"
        raise FailedError(f"{line}; then: {error}; once that is corrected, run `badgerelay {what}`") from error
    click.echo(line)


def _read_first(store: Store, connection: Connection, outcome: str) -> str:
    """Read the templates or skills of a new connection, and return in words how many there are.

    :raises AdapterError: the provider or ALM does not answer.
    """
    if connection.role == "provider" and outcome != "unchanged":
        count = sync_templates(store, connection, partial(counted, what="badge template")).templates
        makes = not count and load_adapter(connection.type).capabilities.can_make_templates
        how = f": make them with `badgerelay templates make {connection.name}`" if makes else ""
        return f", {number_of(count, 'badge template')}{how}"
    if connection.type == ALM and skills_every(connection.settings) and (known := learn_skills(store, connection)):
        return f", {known}"
    return ""


def _message(declared: Declared, error: Exception) -> str:
    text = str(error)
    if isinstance(error, FailedError):
        return text
    setting = getattr(error, "setting", None)
    prefix = f"{declared.type} {declared.name!r}: "
    named = f"{setting}: " if setting and not text.startswith(f"{setting}:") else ""
    return text if text.startswith(prefix) else f"{prefix}{named}{text} (nothing was saved)"


def _command_for(type_: str) -> click.Command:
    try:
        schema = schema_of(type_)
    except ConfigurationError as error:
        return _broken(type_, error)
    secret = secret_keys(schema)
    options: list[click.Parameter] = [click.Argument(["name"])]
    for key, field in fields_of(type_).items():
        options += _options(key, field, secret=key in secret)

    def run(name: str, **given: Any) -> None:
        values = {key: value for key, value in given.items() if value not in (None, ())}
        for key in secret:
            _read_standard_input(values, key)
        with opened_store() as store:
            declared = Declared(type_, name, values)
            try:
                _report(store, declared)
            except Exception as error:
                if exit_code_of(error) != 1:
                    raise
                raise FailedError(_message(declared, error)) from error

    help_ = cleandoc(schema.__doc__ or f"Connect {type_}.") + NAME_HELP
    short = help_.partition("\n")[0].partition(". ")[0].removesuffix(".")
    return click.Command(
        type_, params=options, callback=_prompting(run, secret, schema), help=help_, short_help=short
    )


def _broken(type_: str, trouble: ConfigurationError) -> click.Command:
    """Return a command that reports why an adapter does not work."""

    def run(**_given: Any) -> None:
        raise trouble

    anything: list[click.Parameter] = [click.Argument(["given"], nargs=-1, type=click.UNPROCESSED)]
    return click.Command(
        type_,
        params=anything,
        callback=run,
        help=f"This adapter does not work: {trouble}.",
        short_help="This adapter does not work",
        context_settings={"ignore_unknown_options": True},
    )


def _options(key: str, field: fields.Field[Any], *, secret: bool) -> list[click.Parameter]:
    name = "--" + key.replace("_", "-")
    help_ = ": ".join(str(field.metadata[part]) for part in ("label", "help") if field.metadata.get(part))
    if not secret and field.load_default not in (missing, None, False):
        help_ += f" [default: {field.load_default}]"
    if secret:
        # Not the secret itself: everybody on the machine can see command lines.
        return [
            click.Option(
                [f"{name}-file", f"{key}_file"],
                metavar="FILE",
                help=f"{help_} Read from FILE; - is the standard input.",
            ),
            click.Option(
                [f"{name}-env", f"{key}_env"], metavar="VARIABLE", help="The same, read from an environment variable."
            ),
        ]
    if isinstance(field, fields.Boolean):
        return [click.Option([name, key], is_flag=True, default=None, help=help_)]
    several = isinstance(field, fields.List)
    help_ += " Repeat it for several." if several else ""
    return [click.Option([name, key], required=field.required, multiple=several, help=help_)]


def _read_standard_input(values: dict[str, Any], key: str) -> None:
    if values.get(f"{key}_file") == "-":
        del values[f"{key}_file"]
        values[key] = sys.stdin.read().strip()


def _prompting(run: Any, secret: set[str], schema: Any) -> Any:
    """Return a callback that asks for the first secret on a terminal if none was given."""

    def callback(**given: Any) -> None:
        first = next((key for key in schema().fields if key in secret), None)
        none_given = all(given.get(f"{key}{end}") is None for key in secret for end in ("_file", "_env"))
        if first and none_given and sys.stdin.isatty():
            given[first] = click.prompt(first.replace("_", " "), hide_input=True)
        run(**given)

    return callback
