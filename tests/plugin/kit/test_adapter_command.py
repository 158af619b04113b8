"""``badgerelay adapter``: list, new, check, as their users call them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from badgerelay.plugin.store import Store

from ...adapters.issuers import NAME, PUBLIC, connect_campus
from ...support import TEMPLATE, Ran, badges, connect_credly, counts, run_here


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., Ran]:
    return lambda *arguments, **extra: run_here(*arguments, environ=environ, **extra)


@pytest.fixture
def check(environ: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """In a process of its own: it runs pytest."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "badgerelay", "adapter", "check", *arguments],
            env={**environ, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd="/",
        )

    return command


Run = Callable[..., Ran]
Check = Callable[..., subprocess.CompletedProcess[str]]


def test_the_list_says_what_is_installed_and_what_it_can(run: Run) -> None:
    listed = {row["name"]: row for row in run("adapter", "list", "--json").json}
    assert listed["credly"]["state"] == "works"
    assert listed["credly"]["can"] == "look up, revoke, replace, share, list"
    assert listed["credly"]["contract"] == "1.0"
    assert listed["credly"]["max_batch"] == 50


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "site" / "broken-2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 2\n")
    (info / "entry_points.txt").write_text("[badgerelay.adapters]\nbroken = no_such_module:Broken\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


@pytest.mark.usefixtures("broken")
def test_a_broken_one_is_named_and_the_others_connect_as_ever(
    run: Run, serve_app: Callable[..., str], store: Store
) -> None:
    listed = run("adapter", "list")
    assert listed.code == 0
    assert "the adapter 'broken' of broken 2 does not load: ModuleNotFoundError" in listed.err
    helped = run("connect", "--help")
    assert helped.code == 0
    assert "does not work" in helped.out
    refused = run("connect", "broken", "bin", "--host", "x")
    assert refused.code == 1
    assert "the adapter 'broken' of broken 2 does not load" in refused.err
    assert connect_credly(store, serve_app("credly")) == "connected"


@pytest.mark.parametrize("name", ["credly", "alm", "Credly", "1st", "", "../up", "a b"])
def test_a_name_that_cannot_be_had_writes_nothing(name: str, run: Run, tmp_path: Path) -> None:
    ran = run("adapter", "new", name, "--to", str(tmp_path / "made"))
    assert ran.code == 2
    assert repr(name) in ran.err
    assert not (tmp_path / "made").exists()


def test_what_is_there_is_not_written_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ran = run("adapter", "new", "rosette", "--to", str(tmp_path))
    assert ran.code == 2
    assert "exists already" in ran.err
    assert run("adapter", "new", "rosette", "--to", str(tmp_path / "mine.txt" / "below")).code == 2


def test_a_new_distribution_is_the_example_under_its_own_name(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    ran = run("adapter", "new", "my-badges", "--to", str(folder))
    assert ran.code == 0, ran.err
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"pyproject.toml", "README.md", "tests/test_contract.py", "badgerelay_my_badges/adapter.py"} <= written
    for path in folder.rglob("*.py"):
        text = path.read_text()
        compile(text, str(path), "exec")
        assert "Example" not in text
        assert not re.search(r"@\w+@", text)
        assert "from .." not in text


def test_the_options_of_connect_tell_their_defaults(run: Run) -> None:
    helped = " ".join(run("connect", "credly", "--help").out.split())
    assert "[default: api.credly.com]" in helped
    assert "[default: 30.0]" in helped


def test_an_adapter_is_checked_over_its_own_sandbox(check: Check) -> None:
    done = check("credly")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the adapter credly keeps the contract" in done.stdout
    assert re.search(r"\b[5-9]\d passed", done.stdout)


@pytest.fixture
def credly(serve_app: Callable[..., str], store: Store) -> str:
    url = serve_app("credly")
    connect_credly(store, url)
    return url


def test_at_a_connection_nothing_is_issued_unasked(check: Check, credly: str) -> None:
    done = check("credly", "--connection", "academy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert counts(credly)["total"] == 0
    asked = check("credly", "--connection", "academy", "--template", "7b0e1c52", "--email", "me@example.org")
    assert asked.returncode == 1
    assert "give --yes" in asked.stderr
    assert counts(credly)["total"] == 0


def test_at_a_connection_one_badge_lives_and_is_revoked(check: Check, credly: str) -> None:
    options = ("--template", TEMPLATE, "--email", "me@example.org", "--yes")
    done = check("credly", "--connection", "academy", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    (badge,) = badges(credly)
    assert badge["state"] == "revoked"
    assert badge["recipient_email"] == "me@example.org"


def test_one_that_keeps_its_badges_here_is_checked_with_what_it_keeps(
    check: Check, store: Store, environ: dict[str, str]
) -> None:
    campus = connect_campus(store)
    environ["BADGERELAY_PUBLIC_URL"] = PUBLIC
    options = ("--template", "graph-101", "--email", "me@example.org", "--yes")
    done = check("openbadges", "--connection", NAME, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    (badge,) = campus.adapter().badges()
    assert badge.state == "revoked"


def test_an_adapter_that_breaks_the_contract_fails_its_check(check: Check, credly: str) -> None:
    requests.put(f"{credly}/_sandbox/faults", data="500=1", timeout=10).raise_for_status()
    done = check("credly", "--connection", "academy")
    assert done.returncode == 1
    assert "does not keep the contract" in done.stderr
    assert "SIMULATOR-TOKEN" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nobody",), 1, "no badge provider 'nobody'"),
        (("openbadges",), 1, "openbadges has no sandbox: check it at a connection"),
        (("credly", "--template", "t", "--email", "e"), 2, "with --connection"),
        (("credly", "--connection", "academy", "--email", "e"), 2, "go together"),
        (("credly", "--connection", "nowhere"), 1, "there is no provider connection 'nowhere'"),
    ],
)
@pytest.mark.usefixtures("credly")
def test_wrong_use_is_told(arguments: tuple[str, ...], code: int, said: str, run: Run) -> None:
    ran = run("adapter", "check", *arguments)
    assert ran.code == code
    assert said in ran.err
