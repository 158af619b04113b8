"""The rooms and who may import whom."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("hooks", "adapters", "plugin")
PROVIDERS = ("credly", "badgr", "accredible", "openbadges")
MAY_IMPORT = {"hooks": set(), "adapters": set(), "plugin": {"hooks", "adapters"}}


def _files(room: str) -> Iterator[Path]:
    return (file for file in (ROOT / room).rglob("*.py"))


def _imported_rooms(file: Path) -> Iterator[str]:
    """The rooms that a file imports from, relatively; absolute imports of ours count as ``badgerelay``."""
    depth = len(file.relative_to(ROOT).parts) - 1
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
            if node.level > depth:
                yield modules[0].partition(".")[0]
        else:
            continue
        if any(module.partition(".")[0] == "badgerelay" for module in modules):
            yield "badgerelay"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may_and_relatively(room: str) -> None:
    for file in _files(room):
        others = {name for name in _imported_rooms(file) if name in (*ROOMS, "badgerelay") and name != room}
        assert others <= MAY_IMPORT[room], file


def test_only_the_store_imports_sqlalchemy_and_the_tables() -> None:
    store = ROOT / "plugin" / "store"
    outside = [file for room in ROOMS for file in _files(room) if store not in file.parents]
    assert len(outside) > 100
    unwanted = re.compile(r"^\s*(from|import) (sqlalchemy|\.+store\.schema)", re.MULTILINE)
    assert unwanted.search((store / "counts.py").read_text())
    assert [str(file) for file in outside if unwanted.search(file.read_text())] == []


def test_every_package_folder_is_listed() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {"badgerelay"}
    for room in ROOMS:
        for init in (ROOT / room).rglob("__init__.py"):
            found.add(".".join(("badgerelay", *init.parent.relative_to(ROOT).parts)))
    assert listed == found


def test_the_assembly_names_no_provider() -> None:
    for file in (ROOT / "plugin").rglob("*.py"):
        text = file.read_text().lower()
        assert not [name for name in (*PROVIDERS, "open badge") if name in text], file


def test_packages_hold_only_imports_in_their_init() -> None:
    for room in ROOMS:
        for init in (ROOT / room).rglob("__init__.py"):
            for node in ast.parse(init.read_text()).body:
                docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
                names = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
                assert docstring or names or isinstance(node, ast.Import | ast.ImportFrom), init


def _modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    return set(done.stdout.split())


def test_the_hooks_load_neither_flask_nor_sqlalchemy_nor_requests() -> None:
    assert not {"flask", "sqlalchemy", "requests"} & _modules_after("import badgerelay.hooks")


def test_serve_loads_no_sandbox() -> None:
    loaded = _modules_after(
        "import badgerelay.plugin.web.app, badgerelay.plugin.engine.assembly, badgerelay.plugin.connections.connect\n"
        "from badgerelay.adapters.registry import load_adapter\n"
        f"for name in {PROVIDERS}: load_adapter(name)"
    )
    assert not [name for name in loaded if name.startswith("badgerelay") and "sandbox" in name]
