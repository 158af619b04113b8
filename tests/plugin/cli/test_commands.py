from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import requests

from badgerelay.plugin.cli.main import badgerelay
from badgerelay.plugin.runtime.vault import KEY_FILE
from badgerelay.plugin.store import Store

from ...support import TOKEN, Ran, connect_credly, run_here, running, until

Run = Callable[..., Ran]


def paths(command: click.Command, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and subcommand."""
    found = [before]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += paths(inner, (*before, name))
    return found


@pytest.mark.parametrize("path", paths(badgerelay), ids=" ".join)
def test_every_command_helps(path: tuple[str, ...]) -> None:
    ran = run_here(*path, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: ")
    assert len(ran.out.split("\n\n")) >= 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("connect", "nonsense"),
        ("events", "list", "--nonsense"),
        ("events", "list", "--limit", "0"),
        ("awards", "why"),
        ("awards", "retry"),
        ("awards", "show", "x"),
        ("serve", "--port", "70000"),
        ("sandbox",),
        ("sandbox", "canvas"),
        ("sandbox", "credly", "--knob", "page_size"),
        ("sandbox", "credly", "--knob", "page_sise=3"),
        ("sandbox", "alm", "--faults", "lsot=1"),
        ("rules", "add"),
        ("db", "nonsense"),
    ],
)
def test_wrong_use_exits_2_and_says_why(arguments: tuple[str, ...], environ: dict[str, str]) -> None:
    ran = run_here(*arguments, environ=environ)
    assert ran.code == 2
    assert ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("BADGERELAY_LOG_FORMAT", "xml", 2),
        ("BADGERELAY_BROKER_URL", "redis://localhost", 2),
        ("BADGERELAY_DATABASE_URL", "nonsense", 2),
        ("BADGERELAY_DATABASE_URL", "sqlite:////proc", 1),
        ("BADGERELAY_SECRET_KEYS", "short", 2),
        ("BADGERELAY_HOME", "/proc/nowhere", 2),
    ],
)
def test_a_wrong_setting_exits_with_its_name(variable: str, value: str, code: int) -> None:
    for arguments in (("connections",), ("db", "upgrade"), ("events", "list")):
        if variable == "BADGERELAY_SECRET_KEYS" and arguments[0] == "db":
            continue  # it needs no key
        ran = run_here(*arguments, environ={variable: value})
        assert ran.code == code
        assert variable in ran.err
        assert "Traceback" not in ran.err


def test_the_command_and_the_module_are_the_same(tmp_path: Path) -> None:
    beside = Path(sys.executable).with_name("badgerelay")
    for command in ([str(beside)], [sys.executable, "-m", "badgerelay"]):
        ran = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=30, check=True)
        assert ran.stdout.startswith("badgerelay, version ")
        wrong = subprocess.run([*command, "nonsense"], capture_output=True, text=True, timeout=30, check=False)
        assert wrong.returncode == 2


def test_upgrade_makes_what_is_missing(tmp_path: Path) -> None:
    environ = {"BADGERELAY_HOME": str(tmp_path / "new" / "home"), "BADGERELAY_DATABASE_URL": ""}
    first = run_here("db", "upgrade", environ=environ)
    assert first.code == 0, first.err
    assert "was empty" in first.out
    assert "was" not in run_here("db", "upgrade", environ=environ).out


@pytest.mark.services
def test_postgresql_asks_for_its_upgrade(postgresql: Callable[[bool], str], tmp_path: Path) -> None:
    environ = {"BADGERELAY_DATABASE_URL": postgresql(False)}
    before = run_here("connections", environ=environ)
    assert before.code == 2
    assert "badgerelay db upgrade" in before.err
    assert run_here("db", "upgrade", environ=environ).code == 0
    assert run_here("connections", environ=environ).code == 0


def test_keys_are_rotated(run: Run, store: Store, serve_app: Callable[..., str], environ: dict[str, str]) -> None:
    connect_credly(store, serve_app("credly"))
    old = (Path(environ["BADGERELAY_HOME"]) / KEY_FILE).read_text().strip()
    new = run("db", "new-key").out.strip()
    wrong = run("connections", extra={"BADGERELAY_SECRET_KEYS": new})
    assert wrong.code == 2
    assert "BADGERELAY_SECRET_KEYS" in wrong.err
    rotated = run("db", "rotate-keys", extra={"BADGERELAY_SECRET_KEYS": f"{new},{old}"})
    assert rotated.code == 0
    after = run("connections", "check", extra={"BADGERELAY_SECRET_KEYS": new})
    assert after.code == 0
    assert not [text for text in (old, new, TOKEN) if text in rotated.out + after.out + wrong.err]


@pytest.mark.parametrize("what", ["credly", "alm"])
def test_a_sandbox_runs_until_it_is_stopped(what: str) -> None:
    with running({}, "sandbox", what, "--port", "0", "--faults", "latency=0.01") as sandbox:
        faults = requests.get(f"{sandbox.url}/_sandbox/faults", timeout=10).json()
        assert faults["spec"] == "latency=0.01"
    assert "Traceback" not in sandbox.log


@pytest.mark.parametrize(
    ("arguments", "started", "line"),
    [
        (("sandbox", "credly"), "listens on", "sandbox credly has stopped"),
        (("serve", "--port", "0"), "listens on", "badgerelay serve has stopped"),
        (("worker",), "badgerelay works", "badgerelay worker has stopped"),
    ],
    ids=["sandbox", "serve", "worker"],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_clean_stop_says_one_line(
    arguments: tuple[str, ...], started: str, line: str, number: signal.Signals, tmp_path: Path
) -> None:
    with running({"BADGERELAY_HOME": str(tmp_path)}, *arguments) as command:
        until(lambda: started in command.log, 20.0, command.log)
        before = len(command.log.splitlines())
        command.process.send_signal(number)
        assert command.process.wait(20) == 0
        until(lambda: line in command.log, 5.0, command.log)
        assert command.log.splitlines()[before:] == [line]
