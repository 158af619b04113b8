"""`badgerelay import` and `templates export` as an administrator uses them, with Credly's sandbox."""

from __future__ import annotations

import csv
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from badgerelay.adapters.badgr.adapter import BadgrAdapter
from badgerelay.adapters.credly.sandbox.records import organizations
from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared
from badgerelay.plugin.rules.imported import imported_rules
from badgerelay.plugin.store import Store

from ...support import (
    COURSE_TEMPLATE,
    ORGANIZATION,
    TEMPLATE,
    Ran,
    connect_alm,
    connect_credly,
    forget_templates,
    run_here,
)
from .conftest import text_of, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Run = Callable[..., Ran]


@pytest.fixture
def run(environ: dict[str, str], store: Store, serve_app: Callable[..., str]) -> Run:
    """The command; ``academy`` and ``other`` are organizations of one Credly, ``acme`` is an ALM account."""
    credly = serve_app("credly", organizations="2")
    second = organizations(2)[1]
    connect_credly(store, credly)
    connect_credly(store, credly, "other", organization_id=second.id, token=second.token)
    connect_alm(store, serve_app("alm"))
    assert run_here("templates", "sync", environ=environ).code == 0
    return lambda *arguments: run_here(*arguments, environ=environ)


def external(template: str, provider: str = "Credly", **row: str) -> dict[str, str]:
    return {"externalBadgeId": template, "externalBadgeProvider": provider, **row}


def other_template(store: Store, state: str = "active", connection: str = "other") -> str:
    return next(str(row.template_id) for row in store.catalogue.templates(connection) if row.state == state)


def test_each_badge_is_checked_against_the_templates_of_its_connection(
    run: Run, store: Store, tmp_path: Path
) -> None:
    rows = [
        external(COURSE_TEMPLATE.upper(), "CREDLY", id="right"),
        external(COURSE_TEMPLATE[:-1] + "4", id="b", badgeName="Something"),
        external("0" * 8, id="c", badgeName="loto basic"),
        external(other_template(store, "archived", "academy"), id="d"),
        external(other_template(store, "draft", "academy"), id="e"),
        external(other_template(store, "archived", "academy"), id="retired", state="Retired"),
        external(other_template(store), id="f"),
        external("", id="g"),
        external(COURSE_TEMPLATE, "", id="h"),
        external("x", "Sertifier", id="i"),
        {"id": "j", "badgeName": "n" * 26},
    ]
    paths = write(tmp_path, badge=text_of("badge", *rows))
    ran = run("import", *paths, "--connection", "academy", "--dry-run", "--json")
    assert ran.code == 1
    found = [(each["line"], each["column"], each["code"]) for each in ran.json["problems"]]
    assert found == [
        (3, "externalBadgeId", "unknown_template"),
        (4, "externalBadgeId", "unknown_template"),
        (5, "externalBadgeId", "template_archived"),
        (6, "externalBadgeId", "template_draft"),
        (8, "externalBadgeId", "other_connection"),
        (9, "externalBadgeId", "missing_template"),
        (10, "externalBadgeProvider", "missing_provider"),
        (12, "badgeName", "too_long"),
    ]
    assert f"the nearest is by id {COURSE_TEMPLATE} ('LOTO Basics', active)" in ran.json["problems"][0]["hint"]
    assert f"the nearest is by name {COURSE_TEMPLATE} ('LOTO Basics', active)" in ran.json["problems"][1]["hint"]
    assert "--connection other" in ran.json["problems"][4]["hint"]
    assert ran.json["files"][0]["unknown_providers"] == {"Sertifier": 1}
    assert not (tmp_path / "badge_err.csv").exists()


def test_the_provider_that_a_row_names_chooses_the_connection(
    run: Run, store: Store, tmp_path: Path, serve_app: Callable[..., str]
) -> None:
    settings = BadgrAdapter.sandbox_settings(serve_app("badgr"))
    connect(store, Declared("badgr", "canvas", settings))
    assert run("templates", "sync", "canvas").code == 0
    theirs = other_template(store, connection="canvas")
    rows = [
        external(COURSE_TEMPLATE, id="a"),
        external(theirs, "BADGR", id="b"),
        external(theirs, id="c"),
        external(COURSE_TEMPLATE, "Badgr", id="d"),
        external("x", "Accredible", id="e"),
    ]
    paths = write(tmp_path, badge=text_of("badge", *rows))
    ran = run("import", *paths, "--connection", "academy", "--accept-good-rows", "--json")
    problems = [(each["line"], each["column"], each["code"], each["hint"]) for each in ran.json["problems"]]
    assert problems == [
        (4, "externalBadgeId", "other_connection", "its provider is badgr"),
        (5, "externalBadgeId", "other_connection", "its provider is credly"),
        (6, "externalBadgeProvider", "not_connected", problems[2][3]),
    ]
    assert "badgerelay connect accredible NAME" in problems[2][3]
    assert ran.json["connections"] == ["academy", "canvas"]
    ties = write(tmp_path, certification=text_of("certification", {"badgeId": "a"}, {"id": "CRT-2", "badgeId": "b"}))
    assert run("import", *ties).code == 0
    found = [imported_rules(store, "acme", [each])[0] for each in ("CRT-1", "CRT-2")]
    assert [(tie.connection, tie.template_id) for tie in found] == [("academy", COURSE_TEMPLATE), ("canvas", theirs)]
    connect(store, Declared("badgr", "second", {**settings, "base_url": serve_app("badgr")}))
    ran = run("import", *paths, "--connection", "academy", "--dry-run", "--json")
    assert [each["code"] for each in ran.json["problems"]].count("several_connections") == 2
    ran = run("import", *paths, "--connection", "canvas", "--connection", "second")
    assert (ran.code, "canvas and second are of one provider, badgr" in ran.err) == (2, True)
    both = ("--connection", "academy", "--connection", "canvas")
    assert len(run("import", *paths, *both, "--dry-run", "--json").json["problems"]) == 3


def test_failed_rows_are_written_as_they_came_can_be_corrected_and_are_no_formulas(run: Run, tmp_path: Path) -> None:
    text = text_of("badge", {"id": "=cmd()", "state": "Actve"}, {"id": "-2"}, {"id": "+3", "badgeName": " @SUM "})
    content = text.encode().replace(b"a.png", b"caf\xe9.png", 1)
    (tmp_path / "badge.csv").write_bytes(b"\xef\xbb\xbf" + content)
    ran = run("import", str(tmp_path / "badge.csv"), "--connection", "academy")
    assert ran.code == 1
    assert "Nothing was imported" in ran.err
    failed = tmp_path / "badge_err.csv"
    assert stat.S_IMODE(failed.stat().st_mode) == 0o600
    with failed.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["id"] == "'=cmd()"
    assert row["imageUrl"].encode("utf-8", "surrogateescape") == b"caf\xe9.png"
    assert row["errorCode"] == "not_utf_8"
    corrected = failed.read_bytes().replace(b"caf\xe9", b"coffee").replace(b"Actve", b"Active")
    assert run("import", str(failed.rename(tmp_path / "badge.csv")), "--connection", "academy").code == 1
    with failed.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        assert [again["id"] for again in csv.DictReader(stream)] == ["'=cmd()"]
    (tmp_path / "badge.csv").write_bytes(corrected)
    ran = run("import", str(tmp_path / "badge.csv"), "--connection", "academy", "--json")
    assert ran.json["written"] is True
    assert ran.json["files"][0]["which"] == [{"what": "added", "line": 2, "id": "=cmd()"}]
    assert ran.json["files"][0]["unknown_columns"] == ["errorCode", "errorColumn", "errorMessage", "errorHint"]


def test_errors_go_to_the_given_folder_even_of_a_dry_run(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "errors"
    folder.mkdir()
    paths = write(tmp_path, skill=text_of("skill", {"state": "x"}), skill_level=text_of("skill_level", {}))
    assert run("import", *paths, "--dry-run", "--errors", str(folder)).code == 1
    assert sorted(path.name for path in folder.iterdir()) == ["skill_err.csv", "skill_level_err.csv"]
    assert sorted(path.name for path in tmp_path.glob("*_err.csv")) == []


def test_the_table_names_file_line_column_value_and_what_to_do(run: Run, tmp_path: Path) -> None:
    paths = write(tmp_path, skill=text_of("skill", {}, {"id": "SK-2", "state": "Actve"}))
    ran = run("import", *paths)
    assert "skill.csv, line 3, column state: 'Actve' is neither Active nor Retired [bad_state]" in ran.out
    assert "write Active or Retired" in ran.out
    assert run("import", *paths, "--accept-good-rows").code == 0
    ran = run("import", *paths, "--accept-good-rows", "--json")
    assert (ran.json["files"][0]["unchanged"], ran.json["files"][0]["bad"]) == (1, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--connection", "nobody"), "--connection nobody: there are academy, other"),
        (("--connection", "academy", "--source", "not a name"), "--source must be"),
        (("--connection", "academy", "--source", "academy"), "is a badge provider"),
    ],
)
def test_a_missing_option_is_named(options: tuple[str, ...], said: str, run: Run, tmp_path: Path) -> None:
    ran = run("import", *write(tmp_path, badge=text_of("badge", {})), *options)
    assert (ran.code, said in ran.err) == (2, True)


def test_only_rows_that_name_a_provider_need_a_connection_of_it(run: Run, store: Store, tmp_path: Path) -> None:
    paths = write(tmp_path, badge=text_of("badge", {}, external(COURSE_TEMPLATE, id="b"), external("t", "", id="c")))

    def found() -> list[tuple[int, str]]:
        ran = run("import", *paths, "--source", "moodle", "--dry-run", "--json")
        assert "name the provider, such as " in ran.json["problems"][1]["hint"]
        return [(each["line"], each["code"]) for each in ran.json["problems"]]

    assert found() == [(3, "several_connections"), (4, "missing_provider")]
    for name in ("acme", "academy", "other"):
        store.connections.remove(name)
    assert found() == [(3, "not_connected"), (4, "missing_provider")]
    paths = write(tmp_path, badge=text_of("badge", {}))
    assert run("import", *paths, "--source", "moodle").code == 0


def test_badges_of_an_alm_account_are_issued_from_its_own_connection(run: Run, tmp_path: Path) -> None:
    ran = run("import", *write(tmp_path, badge=text_of("badge", external(COURSE_TEMPLATE))), "--json")
    assert (ran.code, ran.json["connections"]) == (0, ["academy"])


def test_a_refused_file_changes_nothing_and_names_its_code(run: Run, tmp_path: Path) -> None:
    (tmp_path / "skill_level.csv").write_bytes(b"PK\x03\x04")
    paths = write(tmp_path, skill=text_of("skill", {}))
    ran = run("import", *paths, str(tmp_path / "skill_level.csv"))
    assert ran.code == 1
    assert "skill_level.csv is refused (zip_file)" in ran.err
    assert run("import", *paths, "--json").json["files"][0]["added"] == 1


def test_an_export_is_imported_without_a_problem(run: Run, tmp_path: Path) -> None:
    exported = run("templates", "export", "--connection", "academy", "--output", str(tmp_path), "--skills")
    assert (exported.code, exported.err) == (0, "")
    content = (tmp_path / "badge.csv").read_bytes()
    assert content.startswith(b"id,badgeName,badgeCreationDate,lastModifiedDate,state,imageUrl,externalBadgeId,")
    assert content.count(b"\r\n") == content.count(b"\n") == 7
    assert f"{TEMPLATE},Safe Lab Practice,2026-01-05T10:00:00.000Z,,Active,https://".encode() in content
    paths = [str(tmp_path / f"{kind}.csv") for kind in ("badge", "skill", "skill_level")]
    ran = run("import", *paths, "--connection", "academy", "--dry-run", "--json")
    assert (ran.code, ran.json["problems"]) == (0, [])
    assert [file["added"] for file in ran.json["files"]] == [6, 6, 6]


def test_an_export_overwrites_only_on_request(run: Run, tmp_path: Path) -> None:
    (tmp_path / "badge.csv").write_text("mine")
    arguments = ("templates", "export", "--connection", "academy", "--output", str(tmp_path))
    ran = run(*arguments)
    assert (ran.code, (tmp_path / "badge.csv").read_text()) == (1, "mine")
    assert "--force" in ran.err
    assert run(*arguments, "--force", "--all").code == 0
    states = [row["state"] for row in csv.DictReader((tmp_path / "badge.csv").read_text().splitlines())]
    assert sorted(states) == ["Active"] * 6 + ["Retired"]
    ran = run("import", str(tmp_path / "badge.csv"), "--connection", "academy", "--dry-run", "--json")
    assert (ran.code, ran.json["problems"]) == (0, [])


def test_a_dry_run_keeps_no_templates_either(store: Store, run: Run, tmp_path: Path) -> None:
    forget_templates(store)
    paths = write(tmp_path, badge=text_of("badge", external(COURSE_TEMPLATE)))
    assert run("import", *paths, "--connection", "academy", "--dry-run").code == 0
    assert store.catalogue.templates("academy") == []
    assert run("import", *paths, "--connection", "academy").code == 0
    assert len(store.catalogue.templates("academy")) == 8
    assert ORGANIZATION not in str(store.catalogue.templates("academy")[0])


def test_without_a_folder_for_the_rows_it_says_which_setting(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    ran = run("import", *write(tmp_path, skill=text_of("skill", {})))
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "No such file or directory; set TMPDIR to another folder" in ran.err
