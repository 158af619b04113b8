"""The rooms of the house: who may import whom, where SQL lives, how long a file may be."""

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
TOPS = ("hooks", "adapters", "plugin")
PROVIDERS = ("credly", "badgr", "accredible", "openbadges")
MAX_LINES = 300

FLOORS = (
    ("_version",),
    ("hooks", "adapters", "plugin/csvfiles"),
    ("plugin/runtime",),
    ("plugin/store",),
    ("plugin/providers", "plugin/rules"),
    ("plugin/delivery", "plugin/csv_import", "plugin/metrics", "plugin/kit"),
    ("plugin/sources",),
    ("plugin/engine", "plugin/connections"),
    ("plugin/backfill", "plugin/reports"),
    ("plugin/integrations",),
    ("plugin/demo",),
    ("plugin/web",),
    ("plugin/cli",),
)
"""The rooms from the ground up: a room imports from the floors below it and from itself, nothing else."""

FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def _files(*tops: str) -> Iterator[Path]:
    for top in tops:
        yield from sorted((ROOT / top).rglob("*.py"))


def _room(parts: tuple[str, ...]) -> str:
    return "/".join(parts[:2]) if parts[0] == "plugin" else parts[0]


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    """The line and the room of each relative import."""
    folder = file.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder[: len(folder) - node.level + 1]
            names = [tuple(node.module.split("."))] if node.module else [(name.name,) for name in node.names]
            for name in names:
                yield node.lineno, _room((*base, *name))


def _absolute_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def test_imports_run_downwards_only() -> None:
    climbing = []
    for file in _files(*TOPS):
        where = file.relative_to(ROOT)
        room = _room(where.parts)
        for line, other in _imports(file):
            if other != room and FLOOR_OF[other] >= FLOOR_OF[room]:
                climbing.append(f"{where}:{line} imports {other}")
    assert not climbing


def test_every_room_stands_on_one_floor() -> None:
    rooms = {_room(file.relative_to(ROOT).parts) for file in _files(*TOPS)} - {"plugin/__init__.py"}
    assert rooms == set(FLOOR_OF) - {"_version"}
    assert len(FLOOR_OF) == sum(len(rooms) for rooms in FLOORS)


def test_imports_inside_the_product_are_relative() -> None:
    for file in _files(*TOPS):
        assert "badgerelay" not in {module.partition(".")[0] for module in _absolute_imports(file)}, file


def test_only_the_store_knows_sql() -> None:
    for file in _files(*TOPS):
        if file.is_relative_to(ROOT / "plugin/store"):
            continue
        modules = {module.partition(".")[0] for module in _absolute_imports(file)}
        assert not {"sqlalchemy", "alembic"} & modules, file
        assert not re.search(r"^\s*from \.+store\.schema", file.read_text(), re.MULTILINE), file
        names = {node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)}
        assert "SimpleNamespace" not in names, file


def test_no_file_lies_loose_in_plugin() -> None:
    assert [file.name for file in (ROOT / "plugin").glob("*.py")] == ["__init__.py"]


def test_no_file_is_too_long() -> None:
    long = {str(file): lines for file in _files(*TOPS) if (lines := file.read_text().count("\n")) > MAX_LINES}
    assert not long


def test_every_package_folder_is_listed() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {"badgerelay"}
    for top in TOPS:
        for init in (ROOT / top).rglob("__init__.py"):
            found.add(".".join(("badgerelay", *init.parent.relative_to(ROOT).parts)))
    assert listed == found


def test_the_plugin_names_no_provider() -> None:
    for file in _files("plugin"):
        text = file.read_text().lower()
        assert not [name for name in (*PROVIDERS, "open badge") if name in text], file


def test_packages_hold_only_imports_in_their_init() -> None:
    for file in _files(*TOPS):
        if file.name != "__init__.py":
            continue
        for node in ast.parse(file.read_text()).body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            names = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            assert docstring or names or isinstance(node, ast.Import | ast.ImportFrom), file


def _modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import badgerelay.hooks", "from badgerelay import register"])
def test_a_host_loads_neither_flask_nor_sqlalchemy_nor_requests(statement: str) -> None:
    assert not {"flask", "sqlalchemy", "requests"} & _modules_after(statement)


def test_serve_loads_no_sandbox() -> None:
    loaded = _modules_after(
        "import badgerelay.plugin.web.app, badgerelay.plugin.engine.assembly, badgerelay.plugin.connections.connect\n"
        "from badgerelay.adapters.registry import load_adapter\n"
        f"for name in {PROVIDERS}: load_adapter(name)"
    )
    assert not [name for name in loaded if name.startswith("badgerelay") and "sandbox" in name]
