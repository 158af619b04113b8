"""What may be in memory where: a host's process stays light, and production never sees a sandbox."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import badgerelay.hooks
from badgerelay.hooks import schemas
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import HOSTS, open_store
from badgerelay.plugin.store.database import HEAD
from badgerelay.plugin.store.migrations.run import MIGRATIONS

ROOT = Path(__file__).parents[2]
VERSIONS = ROOT / "plugin/store/migrations/versions"


def _loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys\n{code}\nprint('loaded', *sys.modules)"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_top_package_loads_nothing_but_itself() -> None:
    ours = {name for name in _loaded("import badgerelay") if name.startswith("badgerelay")}
    assert ours == {"badgerelay", "badgerelay._version"}


def test_registering_loads_neither_flask_nor_the_command_line() -> None:
    loaded = _loaded("from badgerelay import register")
    assert not {"flask", "sqlalchemy", "requests", "click", "granian", "alembic"} & loaded


def test_the_hooks_and_registering_load_no_marshmallow() -> None:
    loaded = _loaded("import badgerelay.hooks\nfrom badgerelay import register")
    assert not {"marshmallow", "sqlalchemy", "cryptography", "requests", "platformdirs"} & loaded


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_entry_point_loads_at_the_hosts_start_what_a_hook_call_needs(settings: Settings) -> None:
    code = """
import pluggy
from datetime import UTC, datetime
from badgerelay.hooks import CourseCompleted, Learner, LearningObject
manager = pluggy.PluginManager("badgerelay")
manager.load_setuptools_entrypoints("badgerelay")
before = set(sys.modules)
event = CourseCompleted("e-1", "lms", datetime.now(UTC), Learner("u"), LearningObject("course", "c"))
manager.hook.course_completed(event=event)
ours = ("badgerelay", "marshmallow", "sqlalchemy.sql")
late = [name for name in set(sys.modules) - before if name.startswith(ours)]
assert not late, late
"""
    assert {"badgerelay.plugin.store.store", "sqlalchemy"} <= _loaded(code)
    store = open_store(settings)
    assert [event.event_id for event in store.inbox.claim(HOSTS, "test", 9, store.now())] == ["e-1"]
    store.close()


def test_the_lazy_schemas_are_those_of_the_events() -> None:
    assert dict(badgerelay.hooks.SCHEMAS) == schemas.SCHEMAS
    assert list(badgerelay.hooks.SCHEMAS) == list(schemas.SCHEMAS)
    assert len(badgerelay.hooks.SCHEMAS) == len(schemas.SCHEMAS)
    for name, schema in schemas.SCHEMAS.items():
        assert badgerelay.hooks.SCHEMAS[name] is schema


def test_what_serve_and_worker_load_holds_no_sandbox_and_no_demo(tmp_path: Path) -> None:
    code = f"""
import os
os.environ["BADGERELAY_HOME"] = {str(tmp_path)!r}
os.environ.pop("BADGERELAY_DATABASE_URL", None)
import importlib
from badgerelay.plugin.cli.main import badgerelay
for name in ("serve", "worker"):
    badgerelay.get_command(None, name)
from badgerelay.adapters.registry import adapter_names, load_adapter
for name in adapter_names():
    load_adapter(name)
from badgerelay.plugin.runtime.settings import read_settings
from badgerelay.plugin.web import server
from badgerelay.plugin.web.app import create_app
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.store import open_store
from badgerelay.plugin.sources.alm.decide.source import AlmSource
import granian.server
store = open_store(read_settings())
engine = make_engine(store)
client = create_app(store, engine.wake).test_client()
assert client.get("/readyz").status_code == 200
assert client.post("/webhooks/alm/nobody", data="{{}}").status_code == 404
store.close()
"""
    loaded = _loaded(code)
    assert "badgerelay.plugin.web.receive" in loaded
    assert not [name for name in loaded if re.match(r"badgerelay\b.*\b(sandbox|demo)\b", name)]


def test_only_the_sandbox_commands_and_the_demo_import_a_sandbox() -> None:
    allowed = re.compile(
        r"(.*/sandbox/.*|plugin/demo/.*|plugin/cli/sandbox\.py|adapters/\w+/adapter\.py"
        r"|adapters/contract/sandboxed\.py|adapters/example/stub\.py)\Z"
    )
    for room in ("hooks", "adapters", "plugin"):
        for file in (ROOT / room).rglob("*.py"):
            where = file.relative_to(ROOT).as_posix()
            tree = ast.parse(file.read_text())
            imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            imports = [name for name in imported if "sandbox" in name.split(".")]
            assert not imports or allowed.match(where), where
            eager = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
            in_sandbox = "/sandbox/" in where or where.startswith(("plugin/demo/", "adapters/contract/"))
            in_sandbox = in_sandbox or where == "adapters/example/stub.py"
            assert in_sandbox or not [name for name in eager if "sandbox" in name.split(".")], where


def test_head_is_the_newest_migration_and_each_file_of_a_migration_runs() -> None:
    revisions = [migration.revision for migration in MIGRATIONS]
    assert revisions[-1] == HEAD
    assert revisions == sorted(set(revisions))
    files = sorted(file.stem for file in VERSIONS.glob("v*.py"))
    assert files == [migration.__name__.rpartition(".")[2] for migration in MIGRATIONS]
    assert [file[1:5] for file in files] == revisions


def test_nothing_loads_pytest_but_the_contract() -> None:
    code = (
        "from badgerelay.plugin.cli.main import COMMANDS, badgerelay\n"
        "for name in COMMANDS: badgerelay.get_command(None, name)\n"
        "import badgerelay.adapters.registry, badgerelay.plugin.kit.checking"
    )
    assert "pytest" not in _loaded(code)
