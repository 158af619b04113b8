"""A misspelt command is answered with the nearest one."""

from __future__ import annotations

import pytest

from ...support import run_here


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("award list", "awards list"),
        ("list awards", "awards list"),
        ("list award", "awards list"),
        ("awards lst --json", "awards list"),
        ("event shwo 3", "events show"),
        ("retry 3", "awards retry"),
        ("replay", "events replay"),
        ("serv --port 80", "serve"),
        ("resum academy", "resume"),
        ("conect credly", "connect credly"),
        ("connect credley", "connect credly"),
        ("unmapped", "report unmapped"),
        ("upgrade", "db upgrade"),
    ],
)
def test_the_nearest_command_is_suggested(typed: str, suggested: str) -> None:
    ran = run_here(*typed.split())
    assert ran.code == 2
    assert f"Did you mean `badgerelay {suggested}`?" in ran.err


@pytest.mark.parametrize("typed", ["nonsense", "awards nonsense", "xyzzy plugh"])
def test_nothing_is_suggested_for_what_is_like_no_command(typed: str) -> None:
    ran = run_here(*typed.split())
    assert ran.code == 2
    assert "Did you mean" not in ran.err
    assert "--help" in ran.err
