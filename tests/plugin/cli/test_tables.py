"""Tables on terminals of several widths, in pipes and as JSON."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from badgerelay.plugin.cli.tables import Column, plain_lines, print_table
from badgerelay.plugin.cli.times import iso, short

NOW = 1_800_000_000.0
LONG = "the provider does not accept the e-mail address of this learner, since its domain is not on the list"
COLUMNS = (
    Column("id", kind="number", whole=True),
    Column("state", kind="state", whole=True),
    Column("badge"),
    Column("connection", optional=True),
    Column("made", "made_at", "time", whole=True),
    Column("reason", kind="detail"),
)


def row(number: int, **more: Any) -> dict[str, Any]:
    made = {"id": number, "state": "issued", "badge": "Safety", "connection": "academy", "made_at": NOW - 90}
    return {**made, "reason": None, "badge_id": f"{number}" * 36, **more}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Print rows on a terminal of that width, and return what it shows."""

    def shown(
        rows: list[dict[str, Any]], width: int, *, colours: bool = False, wide: bool = False, columns: Any = COLUMNS
    ) -> str:
        out = Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("NO_COLOR", "" if colours else "1")
        print_table(rows, columns, json_=False, wide=wide, empty="none", now=NOW)
        return out.getvalue()

    return shown


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_table_fits_the_terminal_and_cuts_nothing_off(terminal: Callable[..., str], width: int) -> None:
    name = "Certified Technician for Energy Isolation and Lockout in the Northern Plants"
    text = terminal([row(1, reason=LONG, state="rejected"), row(2, badge=name)], width)
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    assert [word for word in (LONG + " " + name).split() if word not in words] == []
    assert "…" not in text
    assert "1 min ago" in text


def test_a_long_id_stays_on_its_line_without_its_middle(terminal: Callable[..., str]) -> None:
    columns = (Column("learning object", "object", "id"), Column("connection"))
    rows = [{"object": "certification:8801234_17700456", "connection": "academy"}]
    narrow = terminal(rows, 30, columns=columns).splitlines()
    assert narrow[1] == "certifica…17700456  academy"
    assert rows[0]["object"] in terminal(rows, 80, columns=columns)
    assert rows[0]["object"] in terminal(rows, 30, columns=columns, wide=True)


def test_an_optional_column_gives_way_first(terminal: Callable[..., str]) -> None:
    rows = [row(1, badge="Certified Technician")]
    assert "academy" in terminal(rows, 80)
    assert "academy" not in terminal(rows, 45)


def test_an_empty_column_is_left_out_on_a_terminal(terminal: Callable[..., str]) -> None:
    assert "reason" not in terminal([row(1)], 80)
    assert "reason" in terminal([row(1, reason="held")], 80)


def test_colours_are_for_terminals_without_no_color(terminal: Callable[..., str]) -> None:
    assert "\x1b[32missued" in terminal([row(1)], 80, colours=True)
    assert "\x1b" not in terminal([row(1)], 80)


def test_a_pipe_gets_plain_whole_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_table([row(1, reason=LONG), row(12)], COLUMNS, json_=False, empty="none", now=NOW)
    header, rule, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["id", "state", "badge", "connection", "made", "reason"]
    assert set(rule) == {"-", " "}
    assert first == f" 1  issued  Safety  academy     {iso(NOW - 90)}  {LONG}"
    assert second == f"12  issued  Safety  academy     {iso(NOW - 90)}"


def test_wide_has_every_field(terminal: Callable[..., str]) -> None:
    text = terminal([row(1, payload="x" * 5000)], 40, wide=True)
    assert "1" * 36 in text
    assert iso(NOW - 90) in text
    assert "badge_id" in text.splitlines()[0]
    assert "xxx" not in text  # `events show` and --json have a delivery's body


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([row(1)], COLUMNS, json_=True, empty="none")
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown == {**row(1), "made_at": iso(NOW - 90)}


def test_text_from_outside_cannot_steer_the_terminal(terminal: Callable[..., str]) -> None:
    text = terminal([row(1, badge="a\x1b[31mb\nc\rd")], 80)
    assert "\x1b" not in text
    assert "\r" not in text
    assert len(text.splitlines()) == 2


def test_wide_characters_keep_the_columns_straight() -> None:
    lines = plain_lines(["name", "n"], [["李雷", "x"], ["Rosa", "y"]])
    assert lines == ["name  n", "----  -", "李雷  x", "Rosa  y"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (NOW, "now"),
        (NOW - 59.5, "59 s ago"),
        (NOW - 3599, "59 min ago"),
        (NOW - 7200, "2 h ago"),
        (NOW + 130, "in 2 min"),
        (NOW - 86400 * 3, "12 Jan 08:00"),
        (NOW - 86400 * 400, "2025-12-11"),
    ],
)
def test_times_are_short(seconds: float, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    import time

    time.tzset()
    assert short(seconds, NOW) == text
