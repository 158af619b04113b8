"""The private vocabulary of earlier days does not come back, in names or in prose."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from .building import ROOT

NAMES = frozenset(
    [
        "homeless",
        "wish",
        "wishes",
        "party",
        "parties",
        "visit",
        "visits",
        "visitor",
        "stranger",
        "strangers",
        "turns",
        "hold",
        "holds",
        "hasten",
        "hastens",
        "put_down",
        "tell",
        "tells",
        "told",
        "ail",
        "ails",
        "rest",
        "rests",
        "resting",
        "look",
        "looks",
        "place",
        "places",
        "road",
        "roads",
        "counterpart",
    ]
)
"""Words that no identifier of ours contains. ``look_up`` is the field's word and stays."""
ORDINARY = NAMES - {"homeless", "wish", "wishes", "stranger", "strangers", "hasten", "hastens", "road", "roads"}
"""The words of NAMES that the name of a test may contain, since it is a sentence."""
PUBLIC = frozenset({"skip_look"})
"""Settings whose names are fixed."""
PROSE = re.compile(r"\b(homeless|wish|strangers|hasten|put down|ails|whence)\b", re.IGNORECASE)
FOLDERS = ("hooks", "adapters", "plugin", "tests", "docs")
GENERATED = {"_build", "node_modules"}
OURS = (Path(__file__),)


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        for suffix in ("*.py", "*.md"):
            yield from (file for file in sorted((ROOT / folder).rglob(suffix)) if not GENERATED & {*file.parts})
    yield from ROOT.glob("*.md")


FILES = {str(file.relative_to(ROOT)): file for file in _files() if file not in OURS}


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("third_party", "")
    return spaced.replace("look_up", "lookup").replace("look_ups", "lookups").split("_")


def _banned_in_names(file: Path) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline)
    names = {token.string for token in tokens if token.type == tokenize.NAME and not keyword.iskeyword(token.string)}
    return {name for name in names - PUBLIC if _banned(name) & {*_words(name)} or "put_down" in name}


def _banned(name: str) -> frozenset[str]:
    return NAMES - ORDINARY if name.startswith("test_") else NAMES


def faults(file: Path) -> set[str]:
    """Return the banned words of a file: identifiers, and words in its text."""
    found = {word.lower() for word in PROSE.findall(file.read_text(encoding="utf-8"))}
    return found | (_banned_in_names(file) if file.suffix == ".py" else set())


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_has_no_banned_word(name: str) -> None:
    assert faults(FILES[name]) == set()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("road = 1", {"road"}),
        ("def tellHost(): ...", {"tellHost"}),
        ("look_up = lookup_all = 1", set()),
        ("restart = placement = threshold = 1", set()),
        ("# as we wish", {"wish"}),
        ("def test_the_host_is_told(): ...", set()),
        ("def test_the_road_works(): ...", {"test_the_road_works"}),
    ],
)
def test_it_finds_names_and_words(code: str, expected: set[str], tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text(code)
    assert faults(file) == expected
