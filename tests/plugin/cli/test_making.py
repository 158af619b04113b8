"""``templates make`` and ``connections rotate-key``, which are for providers whose templates and keys we keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared
from badgerelay.plugin.store import Store

from ...adapters.issuers import PUBLIC, png
from ...support import Ran, connect_credly

Run = Callable[..., Ran]
FILE = """
[[template]]
id = "graph-101"
name = "Graphs"
description = "Completed the course."
criteria = "Finish it."
image = "pictures/graph.png"
tags = ["graphs", "sql"]
valid_days = 365

[[template]]
id = "graph-102"
name = "More graphs"
description = "Completed the second course."
criteria = "Finish that."
"""
OPTIONS = ("--name", "Graphs", "--description", "Completed the course.", "--criteria", "Finish it.")


@pytest.fixture
def make(run: Run, store: Store) -> Run:
    """``templates make`` of the connection ``campus``."""
    store.public_url = PUBLIC
    connect(store, Declared("openbadges", "campus", {"issuer_name": "Example Academy"}))
    public = {"BADGERELAY_PUBLIC_URL": PUBLIC}
    return lambda *arguments: run("templates", "make", *arguments, extra=public)


def written(folder: Path, text: str = FILE) -> str:
    (folder / "pictures").mkdir(exist_ok=True)
    (folder / "pictures" / "graph.png").write_bytes(png())
    file = folder / "templates.toml"
    file.write_text(text)
    return str(file)


def test_a_file_makes_templates_with_their_images(make: Run, run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        said = make("campus", "--from", written(tmp_path))
        assert said.out.splitlines() == [
            f"campus: graph-101: Graphs (active) {PUBLIC}/public/campus/achievements/graph-101",
            f"campus: graph-102: More graphs (active) {PUBLIC}/public/campus/achievements/graph-102",
        ]
    listed = {row["template_id"]: row for row in run("templates", "list", "--json").json}
    assert set(listed) == {"graph-101", "graph-102"}
    assert listed["graph-101"]["image_url"].endswith("/achievements/graph-101/image")
    assert listed["graph-102"]["image_url"] is None


def test_options_make_and_change_one(make: Run, run: Run) -> None:
    assert make("campus", "graph-101", *OPTIONS, "--tag", "a", "--tag", "b").code == 0
    assert make("campus", "graph-101", *OPTIONS, "--state", "archived").code == 0
    (row,) = run("templates", "list", "--json").json
    assert (row["name"], row["state"]) == ("Graphs", "archived")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("template = 1", "[[template]]"),
        ("[template]\nid='x'", "[[template]]"),
        (FILE + "\n[other]", "[[template]]"),
        ("[[template", "is not TOML"),
        (FILE.replace("name =", "nam ="), "nam: Unknown field"),
        (FILE.replace('"Graphs"', "7"), "name: Not a valid string"),
        (FILE.replace("graph.png", "none.png"), "cannot read"),
        (FILE.replace("365", "0"), "valid_days: 1 to 36,500 days"),
        (FILE.replace('"graph-101"', '"a/b"'), "id: 1 to 64"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(make: Run, tmp_path: Path, text: str, named: str) -> None:
    said = make("campus", "--from", written(tmp_path, text))
    assert (said.code, named in said.err) == (2, True), said.err


def test_wrong_use_is_2(make: Run, tmp_path: Path) -> None:
    assert make("campus").code == 2
    assert make("campus", "graph-101", *OPTIONS, "--from", written(tmp_path)).code == 2
    assert make("campus", "--from", written(tmp_path), "--name", "x").code == 2
    assert make("campus", "--from", str(tmp_path / "none.toml")).code == 2
    assert "description: Missing" in make("campus", "graph-101", "--name", "x").err


def test_other_providers_make_their_templates_themselves(make: Run, run: Run, store: Store, credly: str) -> None:
    connect_credly(store, credly)
    said = make("academy", "graph-101", *OPTIONS)
    assert (said.code, "made at credly" in said.err) == (1, True)
    assert "no provider connection" in make("nobody", "graph-101", *OPTIONS).err
    assert "no key to rotate" in run("connections", "rotate-key", "academy", "--yes").err


def test_a_key_is_rotated_after_a_question(make: Run, run: Run) -> None:
    public = {"BADGERELAY_PUBLIC_URL": PUBLIC}
    assert "--yes" in run("connections", "rotate-key", "campus", extra=public).err
    assert "key 2 signs" in run("connections", "rotate-key", "campus", "--yes", extra=public).out
