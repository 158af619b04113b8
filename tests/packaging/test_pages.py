"""The pages name everything that is public, their blocks run as written, and their prose is short and plain."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from badgerelay.hooks.specs import HOST_CALLS, HOST_IMPLEMENTS, PLUGIN_IMPLEMENTS
from badgerelay.plugin.cli.main import COMMANDS, badgerelay
from badgerelay.plugin.store.policy import KEYS
from badgerelay.plugin.store.schema.awards import HeldReason

from .building import ROOT, environment
from .pages import PAGES, RUN, Block, blocks, prose, script

TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
FILES = ROOT / "docs" / "how-to" / "files"
BLOCKS = [block for page in PAGES for block in blocks(page) if block.language in RUN]
COMPUTED = ("docs/explanation/scale.md",)
"""Pages that a benchmark writes."""
MAX_WORDS = 30
SETTINGS = ("HOME", "DATABASE_URL", "SECRET_KEYS", "LOG_FORMAT", "BROKER_URL", "PUBLIC_URL")
STATES = ("received", "done", "ignored", "waiting", "dead", "planned", "sending", "issued", "rejected", "held")
NAMES = [
    *sorted(KEYS),
    *COMMANDS,
    *HOST_CALLS,
    *HOST_IMPLEMENTS,
    *PLUGIN_IMPLEMENTS,
    *STATES,
    *(f"BADGERELAY_{name}" for name in SETTINGS),
]
RUNNING = [page for page in PAGES if script(page)]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_line(name: str) -> None:
    assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", TEXT) or f"badgerelay {name}" in TEXT, name


@pytest.mark.parametrize("reason", HeldReason)
def test_every_reason_to_hold_an_award_says_what_ends_it(reason: HeldReason) -> None:
    page = (ROOT / "docs" / "reference" / "states.md").read_text()
    assert re.search(rf"^\| `{reason.value}` \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_sentence_is_short(page: Path) -> None:
    if _name(page) in COMPUTED:
        pytest.skip("a benchmark writes this page")
    cells = re.sub(r"(?m)^\|.*\|$", lambda row: row[0].replace("|", "\n\n"), prose(page))
    sentences = re.split(r"(?<=[.!?:;])\s+(?=\S)|\n\s*\n|\n(?=[-#0-9])", re.sub(r"\]\([^)]*\)", "]", cells))
    assert [each for each in sentences if len(each.split()) > MAX_WORDS] == []


def test_no_page_links_to_a_package_index() -> None:
    assert not re.search(r"pypi\.org|pythonhosted", TEXT)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.page)
def test_a_block_runs_or_says_why_not(block: Block) -> None:
    if block.mark:
        assert block.mark in ("not run", "needs", "file")
        assert block.value
    assert not re.search(r"\bsleep\b", block.text)
    assert "--retry" not in block.text or "--retry-connrefused" in block.text


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_says_how_to_stop_what_it_started(page: Path) -> None:
    shown = "\n".join(block.text for block in blocks(page) if block.language == "sh")
    if re.search(r"&$", shown, re.MULTILINE):
        assert "kill " in shown


@pytest.mark.parametrize("block", [each for each in BLOCKS if not each.runs], ids=lambda block: block.page)
def test_a_block_that_does_not_run_is_linted(block: Block) -> None:
    if block.language == "python":
        compile(block.text, block.page, "exec")
    else:
        subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_and_options_exist(page: Path) -> None:
    for block in blocks(page):
        if block.language == "sh":
            for line in re.sub(r"\\\n", " ", block.text).splitlines():
                _check(line)


def _check(line: str) -> None:
    """:raises AssertionError: the line calls badgerelay with a command or an option that it does not have."""
    found = re.match(r"(?:until )?(?:venv/bin/)?badgerelay (.*)", line)
    if found is None:
        return
    words = list(_until_operator(shlex.split(found[1], comments=True)))
    command: click.Command = badgerelay
    context = click.Context(badgerelay)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        try:
            _, inner, remaining = command.resolve_command(context, words)
        except click.UsageError:
            inner, remaining = None, []
        assert inner is not None or words[0] == "rosette", line
        if inner is None:
            return
        context = click.Context(inner, parent=context)
        command, words = inner, remaining
    known = {option for parameter in command.get_params(context) for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= {*known, "--version"}, line


def _until_operator(words: list[str]) -> Iterator[str]:
    for word in words:
        if word in ("|", ">", "&", "&&", ";"):
            return
        yield word


@pytest.fixture(scope="module")
def installed(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of an environment with the wheel of this run and what it needs."""
    return environment(tmp_path_factory.mktemp("pages"), distributions[1])


@pytest.mark.parametrize("page", RUNNING, ids=_name)
def test_a_page_runs_as_written(
    page: Path, installed: Path, distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    """In an empty folder, whose network is this machine's loopback alone where that is allowed."""
    extras = any(block.mark == "needs" for block in blocks(page))
    bin_ = Path(sys.executable).parent if extras else installed
    (tmp_path / "dist").mkdir()
    shutil.copy(distributions[1], tmp_path / "dist")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BADGERELAY_", "PYTHON"))}
    environ = {
        **kept,
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(ROOT / ".wheelhouse"),
    }
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"] if _may_unshare() else []
    done = subprocess.run(
        [*alone, "bash", "-c", script(page)],
        cwd=tmp_path,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def _may_unshare() -> bool:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


def test_the_unit_is_complete() -> None:
    unit = configparser.ConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation advises
    unit.read(FILES / "badgerelay.service")
    assert set(unit) >= {"Unit", "Service", "Install"}
    _check(unit["Service"]["ExecStart"].removeprefix("/opt/badgerelay/bin/"))


def test_the_compose_file_runs_commands_that_exist() -> None:
    services = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]
    commands = [shlex.join(service["command"]) for service in services.values() if "command" in service]
    assert len(commands) == 3
    for command in commands:
        _check(command)


@pytest.mark.parametrize("file", ["prometheus-rules.yaml", "grafana-dashboard.json"])
def test_a_sample_names_metrics_that_exist(file: str) -> None:
    text = (FILES / file).read_text()
    content = json.loads(text) if file.endswith(".json") else yaml.safe_load(text)
    assert content
    named = {name.removesuffix("_bucket") for name in re.findall(r"\bbadgerelay_\w+", text)}
    assert len(named) >= 5
    documented = set(re.findall(r"`(badgerelay_\w+)`", (ROOT / "docs" / "reference" / "metrics.md").read_text()))
    assert named <= documented


def test_the_alerts_call_commands_that_exist() -> None:
    for line in re.findall(r"Run: (badgerelay [^\"\n]*)", (FILES / "prometheus-rules.yaml").read_text()):
        _check(line)
