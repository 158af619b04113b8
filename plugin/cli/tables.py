"""Tables for people: fitted to a terminal, plain and whole into a file or a pipe, or everything as JSON."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from ..runtime.logs import one_line
from .times import iso, short

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Row = Mapping[str, Any]

GAP = 2
"""Blank characters between two columns."""
NARROWEST = 8
"""Characters below which no column is squeezed, so that words stay readable."""
LEAST_BESIDE = 20
"""Characters of room below which a detail that needs two lines stands below its row."""
LONG_FIELDS = frozenset({"payload", "recipient"})
"""Fields that --wide leaves to `show` and --json: a delivery's whole body, a learner's address."""

STATE_STYLES = {
    **dict.fromkeys(("issued", "accepted", "done", "works", "active", "wired", "finished"), "green"),
    **dict.fromkeys(("rejected", "dead", "failed", "fails", "does not work", "deleted", "missing"), "red"),
    **dict.fromkeys(("held", "waiting", "waits", "paused", "suggested", "draft", "sending", "due"), "yellow"),
    **dict.fromkeys(("ignored", "expired", "revoked", "replaced", "archived", "stopped"), "dim"),
}
"""Colours of states; a state that is not listed has the terminal's own colour."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    :param value: the field of the row, or a function of the row; the title with underscores by default.
    :param kind: ``time`` holds seconds since the epoch. A terminal prints a long ``detail`` below its row, in full,
        and leaves out the middle of an ``id`` that is too long.
    :param whole: the value is needed by a following command, so it never breaks over lines.
    :param optional: a terminal that is too narrow for all columns leaves this one out first.
    """

    title: str
    value: str | Callable[[Row], Any] = ""
    kind: Literal["text", "state", "number", "time", "detail", "id"] = "text"
    whole: bool = False
    optional: bool = False

    def of(self, row: Row) -> Any:
        """Return the raw value of this column."""
        return self.value(row) if callable(self.value) else row.get(self.value or self.title.replace(" ", "_"))


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--wide`` and ``--json`` to a command that prints a list."""
    wide = click.option("--wide", is_flag=True, help="Print every field, however long the lines become.")
    return wide(click.option("--json", "json_", is_flag=True, help="Print the list as JSON, for programs.")(command))


def print_table(
    rows: Sequence[Row], columns: Sequence[Column], *, json_: bool, empty: str, wide: bool = False, now: float = 0.0
) -> None:
    """Print rows: all fields as JSON, or these columns as a table.

    :param wide: print every field of the rows behind the columns, with times in full.
    :param now: seconds since the epoch, to which a terminal's short times refer.
    """
    if json_:
        click.echo(json.dumps([json_fields(row) for row in rows], indent=2))
    elif not rows:
        click.echo(empty)
    elif wide or not sys.stdout.isatty():
        chosen = [*columns, *(_other_fields(rows, columns) if wide else ())]
        texts = [[_plain(column, row) for column in chosen] for row in rows]
        for line in plain_lines([column.title for column in chosen], texts):
            click.echo(line)
    else:
        _print_fitted(rows, columns, now)


def print_record(record: Row, *, json_: bool) -> None:
    """Print the fields of one record, a line each."""
    shown = json_fields(record)
    if json_:
        click.echo(json.dumps(shown, indent=2))
        return
    width = max(len(key) for key in shown)
    for key, value in shown.items():
        click.echo(f"{key:<{width}}  {'' if value is None else one_line(str(value))}".rstrip())


def json_fields(row: Row) -> dict[str, Any]:
    """Return a row's fields with times as ISO 8601 in UTC."""
    return {
        key: iso(value) if isinstance(value, float) and key.endswith("_at") else value for key, value in row.items()
    }


def plain_lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table's lines without colour, each cell in full on its row's line."""
    lines = [list(titles), *rows]
    widths = [max(cell_len(line[index]) for line in lines) for index in range(len(titles))]
    numbers = [all(row[index].isdecimal() for row in rows) for index in range(len(titles))]
    lines.insert(1, ["-" * width for width in widths])
    plain = []
    for line in lines:
        blanks = [" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)]
        parts = zip(line, blanks, numbers, strict=True)
        plain.append(
            (" " * GAP).join(blank + cell if right else cell + blank for cell, blank, right in parts).rstrip()
        )
    return plain


def cell_len(text: str) -> int:
    """Return the number of columns that a text takes on a terminal or in a fixed-width font."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def terminal() -> Console:
    """Return the console of a terminal, without colour where NO_COLOR is set or the terminal has none."""
    from rich.console import Console

    colours = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Console(
        file=sys.stdout, color_system=None if colours else "auto", highlight=False, markup=False, emoji=False
    )


def _other_fields(rows: Sequence[Row], columns: Sequence[Column]) -> list[Column]:
    shown = {column.value or column.title.replace(" ", "_") for column in columns} | LONG_FIELDS
    return [
        Column(key, key, "time" if key.endswith("_at") else "text")
        for key in dict.fromkeys(key for row in rows for key in row)
        if key not in shown
    ]


def _plain(column: Column, row: Row) -> str:
    value = column.of(row)
    if value is None:
        return ""
    if column.kind == "time" and isinstance(value, float):
        return iso(value)
    return one_line(str(value))


def _short(column: Column, row: Row, now: float) -> str:
    value = column.of(row)
    if column.kind == "time" and isinstance(value, float):
        return short(value, now)
    return _plain(column, row)


def _print_fitted(rows: Sequence[Row], columns: Sequence[Column], now: float) -> None:
    """Print a table as wide as the terminal: long cells break over lines, and nothing is cut off."""
    from rich.text import Text

    console = terminal()
    texts = [{column.title: _short(column, row, now) for column in columns} for row in rows]
    beside, below = _arrange(columns, texts, console.width)
    widths = _fit([_natural(column, texts) for column in beside], beside, console.width - GAP * (len(beside) - 1))
    console.print(_line(console, beside, widths, [Text(column.title, "bold") for column in beside]))
    indent = widths[0] + GAP
    for text in texts:
        cells = [Text(text[each.title], _style(each, text[each.title])) for each in beside]
        console.print(_line(console, beside, widths, cells))
        for column in below:
            for line in Text(text[column.title], "dim").wrap(console, max(console.width - indent, NARROWEST)):
                line.rstrip()
                if line.plain:
                    console.print(Text(" " * indent) + line)


def _arrange(
    columns: Sequence[Column], texts: Sequence[Mapping[str, str]], width: int
) -> tuple[list[Column], list[Column]]:
    """Return the columns that stand beside each other, and those that stand below their row.

    Empty columns are left out, and optional ones where there is no room. A detail stands beside if it needs two lines
    at most.
    """
    used = [column for column in columns if any(text[column.title] for text in texts)]
    beside = [column for column in used if column.kind != "detail"]
    below = [column for column in used if column.kind == "detail"]
    room = width - sum(_natural(column, texts) + GAP for column in beside)
    for column in [column for column in beside if column.optional]:
        if room < -GAP:
            beside.remove(column)
            room += _natural(column, texts) + GAP
    for column in list(below):
        needed = _natural(column, texts)
        if room >= needed or (room >= LEAST_BESIDE and needed <= 2 * room):
            beside.append(column)
            below.remove(column)
            room -= min(needed, room) + GAP
    return beside, below


def _natural(column: Column, texts: Sequence[Mapping[str, str]]) -> int:
    return max(cell_len(column.title), *(cell_len(text[column.title]) for text in texts))


def _style(column: Column, text: str) -> str:
    if column.kind == "detail":
        return "dim"
    return STATE_STYLES.get(text.partition(":")[0], "") if column.kind == "state" else ""


def _fit(natural: Sequence[int], columns: Sequence[Column], room: int) -> list[int]:
    """Return the columns' widths: the widest gives way first, down to NARROWEST."""
    widths = list(natural)
    while sum(widths) > room:
        loose = [index for index, column in enumerate(columns) if not column.whole and widths[index] > NARROWEST] or [
            index for index, width in enumerate(widths) if width > NARROWEST
        ]
        if not loose:
            break
        widths[max(loose, key=lambda index: widths[index])] -= 1
    return widths


def _middle_left_out(cell: Text, width: int) -> Text:
    """Return an id on one line: its beginning and its end, which tell it from others."""
    if cell.cell_len <= width:
        return cell
    end = (width - 1) // 2
    return cell[: width - 1 - end].append("…").append_text(cell[len(cell) - end :])


def _line(console: Console, columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Text]) -> Text:
    """Return one row of the table, of as many lines as its longest cell needs."""
    from rich.text import Text

    broken = [
        [_middle_left_out(cell, width)] if column.kind == "id" else cell.wrap(console, width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    ]
    lines = []
    for number in range(max(len(each) for each in broken)):
        line = Text()
        for column, width, each in zip(columns, widths, broken, strict=True):
            piece = each[number] if number < len(each) else Text()
            piece.rstrip()
            piece.align("right" if column.kind == "number" else "left", width)
            line.append_text(piece).append(" " * GAP)
        line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)
