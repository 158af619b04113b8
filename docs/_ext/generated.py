"""Fill placeholders of pages from the code: ``<!-- generated: commands -->`` and the like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import click
from sphinx.application import Sphinx

from badgerelay.plugin.cli.main import badgerelay
from badgerelay.plugin.csv_import.file_kinds import Kind
from badgerelay.plugin.csv_import.file_specs import KINDS

from . import drawing

PLACEHOLDER = re.compile(r"<!-- generated: (\w+) -->")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, which calls this."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}


def _fill(_app: Sphinx, _docname: str, source: list[str]) -> None:
    source[0] = PLACEHOLDER.sub(lambda found: GENERATORS[found[1]](), source[0])


def commands() -> str:
    """Return a section for each command, in Markdown, with the help text that Click prints."""
    return "\n".join(_sections(badgerelay, click.Context(badgerelay, info_name="badgerelay")))


def _sections(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, parent=context, info_name=name, max_content_width=100, terminal_width=100)
        path = inner.command_path.removeprefix("badgerelay ")
        level = "##" if context.parent is None else "###"
        yield f"{level} {path}\n\n```text\n{command.get_help(inner)}\n```\n"
        if isinstance(command, click.Group):
            yield from _sections(command, inner)


def csv_columns() -> str:
    """Return a section for each CSV file that badgerelay reads, with a table of its columns."""
    return "\n".join(_file_section(kind) for kind in KINDS.values())


def _file_section(kind: Kind) -> str:
    rows = [f"| `{column.name}` | {'yes' if column.required else 'no'} |" for column in kind.columns]
    lines = [f"### {kind.file}", "", "| Column | Required |", "|---|---|", *rows, ""]
    lines.append(f"A row is identified by {_listed(kind.key)}.")
    if kind.either:
        lines.append(f"Exactly one of {_listed(kind.either)} must be filled.")
    if kind.references:
        lines.append(f"It refers to {_listed(sorted({f'{each.kind}.csv' for each in kind.references}))}.")
    if kind.personal:
        lines.append("badgerelay keeps only fingerprints of its rows.")
    return "\n".join([*lines, ""])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


GENERATORS: dict[str, Callable[[], str]] = {"commands": commands, "csv_columns": csv_columns, "rooms": drawing.rooms}
