"""Problems of rows and their messages, for files other than badge.csv, so without a provider."""

from __future__ import annotations

import tempfile
import tracemalloc
from pathlib import Path

import pytest

from badgerelay.plugin.csv_import.file_specs import KINDS
from badgerelay.plugin.csv_import.open_file import from_text
from badgerelay.plugin.csv_import.result import Outcome
from badgerelay.plugin.csv_import.run import Task, run
from badgerelay.plugin.csv_import.staging import Staging
from badgerelay.plugin.csv_import.validate_rows import MAX_FAULTS
from badgerelay.plugin.csvfiles.problems import DiskError, Problem, RefusedFileError
from badgerelay.plugin.store import Store

from .conftest import DEFAULTS, Import, text_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the database."""

GOOD_SKILL = text_of("skill", {})


def codes(found: tuple[Outcome, list[Problem]]) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.code) for problem in found[1]]


def test_right_files_have_no_problems(import_texts: Import) -> None:
    files = {kind: text_of(kind, {}) for kind in DEFAULTS if kind != "badge"}
    outcome, problems = import_texts(files)
    assert problems == []
    assert outcome.written
    assert [(file.kind, file.added) for file in outcome.files] == [(kind, 1) for kind in KINDS if kind != "badge"]


@pytest.mark.parametrize(
    ("kind", "column", "value", "code"),
    [
        ("skill", "skillCreationDate", "02.05.2026", "bad_date"),
        ("skill", "skillCreationDate", "2026-05-02", "bad_date"),
        ("skill", "skillCreationDate", "2026-02-30T08:00:00.000Z", "bad_date"),
        ("skill", "skillCreationDate", "1980-12-31T08:00:00.000Z", "date_out_of_range"),
        ("skill", "skillCreationDate", "2039-01-01T08:00:00.000Z", "date_out_of_range"),
        ("skill", "state", "Actve", "bad_state"),
        ("skill", "id", "", "missing_value"),
        ("skill", "skillName", "x" * 64, "too_long"),
        ("skill", "id", "x" * 256, "too_long"),
        ("skill", "description", "bell \a", "control_character"),
        ("skill", "description", "caf\udce9", "not_utf_8"),
        ("skill_level", "levelId", "4", "bad_level"),
        ("skill_level", "maxCredits", "0", "bad_number"),
        ("skill_level", "maxCredits", "65536", "bad_number"),
        ("skill_course", "credits", "ten", "bad_number"),
        ("skill_course", "credits", "10.5", "too_many_credits"),
        ("skill_course", "credits", "0", "too_many_credits"),
        ("certification", "externalCertificate", "yes", "bad_boolean"),
        ("user_skill", "achieved", "1", "bad_boolean"),
        ("user_skill", "userId", "rosa", "bad_email"),
        ("user_course_grade", "scoreRaw", "NaN", "bad_number"),
    ],
)
def test_each_fault_has_its_code_and_its_column(
    kind: str, column: str, value: str, code: str, import_texts: Import
) -> None:
    files = {"skill": GOOD_SKILL, "skill_level": text_of("skill_level", {})}
    files[kind] = text_of(kind, {"description": "fine"} if kind == "skill" else {}, {})
    found = DEFAULTS[kind] | {column: value}
    files[kind] = text_of(kind, found).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    outcome, problems = import_texts(files)
    ours = [problem for problem in problems if problem.file == f"{kind}.csv"]
    assert [(problem.line, problem.column, problem.code) for problem in ours] == [(2, column, code)]
    assert ours[0].message.startswith(f"{kind}.csv, line 2, column {column}: ")
    assert ours[0].hint
    assert not outcome.written


def test_columns_come_in_any_order_and_case_and_unknown_ones_are_reported(import_texts: Import) -> None:
    outcome, problems = import_texts(
        {"skill": "colour,STATE,skillname,Id,skillCreationDate\nred,active,Welding,7,2026-05-02T08:00:00.000Z\n"}
    )
    assert problems == []
    assert outcome.files[0].unknown_columns == ("colour",)
    assert outcome.files[0].which == [("added", 2, "7")]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("id,skillName,state", "missing_column"),
        ("id,id,skillName,skillCreationDate,state", "doubled_column"),
        (",".join(f"c{number}" for number in range(10_000)), "too_many_columns"),
        ("PK\x03\x04", "zip_file"),
        ('"id', "bad_quotes"),
    ],
)
def test_a_file_whose_first_line_is_wrong_is_refused(header: str, code: str, import_texts: Import) -> None:
    with pytest.raises(RefusedFileError) as refusal:
        import_texts({"skill": header})
    assert refusal.value.code == code


def test_rows_of_another_width_are_faults_and_blank_ones_are_not(import_texts: Import) -> None:
    text = GOOD_SKILL + "\r\n,,,,,\r\n   ,,,,,\r\na,b\r\n" + "a,b,c,d,e,f,g\r\n"
    found = import_texts({"skill": text})
    assert codes(found) == [(6, "", "wrong_cell_count"), (7, "", "wrong_cell_count")]
    assert found[0].files[0].rows == 3


def test_repeated_ids_are_reported_with_the_line_of_the_first(import_texts: Import) -> None:
    _, problems = import_texts({"skill": text_of("skill", {}, {"id": "SK-2"}, {"skillName": "Other"}, {})})
    assert [(problem.line, problem.code) for problem in problems] == [(4, "duplicate"), (5, "duplicate")]
    assert problems[0].message == "skill.csv, line 4, column id: 'SK-1' is there already, in line 2"


def test_a_skill_without_a_level_is_the_one_with_its_first(import_texts: Import) -> None:
    files = {"skill": GOOD_SKILL, "skill_level": text_of("skill_level", {})}
    people = text_of("user_skill", {"levelId": ""}, {"levelId": "1"})
    assert codes(import_texts({**files, "user_skill": people})) == [(3, "", "duplicate")]


def test_no_address_of_a_person_is_reported(import_texts: Import) -> None:
    row = {"userId": "Rosa@example.org"}
    _, problems = import_texts(
        {"user_course_grade": text_of("user_course_grade", {}, row, {"scoreRaw": "a@b.example"})}
    )
    assert [problem.code for problem in problems] == ["duplicate", "bad_number"]
    assert not [problem for problem in problems if "example" in problem.message + problem.value + problem.hint]


def test_references_lead_to_this_run_or_to_earlier_imports(import_texts: Import) -> None:
    level = {"skill_level": text_of("skill_level", {})}
    assert codes(import_texts(level)) == [(2, "skillId", "unknown_skill")]
    import_texts({"skill": GOOD_SKILL})
    assert codes(import_texts(level)) == []
    assert codes(import_texts(level, source="other-lms")) == [(2, "skillId", "unknown_skill")]
    course = text_of("skill_course", {"credits": "11"}, {"levelId": "2"})
    assert codes(import_texts({"skill_course": course})) == [
        (2, "credits", "too_many_credits"),
        (3, "skillId, levelId", "unknown_skill_level"),
    ]


def test_a_row_that_is_let_go_takes_those_that_refer_to_it_with_it(import_texts: Import) -> None:
    files = {
        "skill": text_of("skill", {"state": "gone"}),
        "skill_level": text_of("skill_level", {}),
        "user_skill": text_of("user_skill", {}, {"skillId": "240110", "retrofit": "TRUE", "levelId": ""}),
        "certification": text_of(
            "certification",
            {"id": "C", "parentCertificationId": "B"},
            {"id": "B", "parentCertificationId": "A"},
            {"id": "A", "parentCertificationId": "nobody"},
        ),
    }
    found = import_texts(files, accept_good_rows=True)
    assert codes(found) == [
        (2, "parentCertificationId", "unknown_certification"),
        (3, "parentCertificationId", "unknown_certification"),
        (4, "parentCertificationId", "unknown_certification"),
        (2, "state", "bad_state"),
        (2, "skillId", "unknown_skill"),
        (2, "skillId, levelId", "unknown_skill_level"),
    ]
    assert sum(file.added for file in found[0].files) == 1


def test_an_instance_is_of_a_course_here_or_in_alm(import_texts: Import) -> None:
    both = {"almCourseId": "8801234"}
    neither = {"courseId": "", "instanceId": "INS-2"}
    alm = {"courseId": "", "almCourseId": "8801234", "instanceId": "INS-3"}
    found = import_texts({"course_instance": text_of("course_instance", both, neither, alm)})
    assert codes(found) == [(2, "", "not_exactly_one"), (3, "", "not_exactly_one")]


def test_two_files_of_one_name_are_refused(import_texts: Import) -> None:
    from badgerelay.plugin.csv_import.open_file import from_text
    from badgerelay.plugin.csv_import.run import in_order

    with pytest.raises(RefusedFileError, match="doubled_file"):
        in_order([from_text(KINDS["skill"], GOOD_SKILL), from_text(KINDS["skill"], GOOD_SKILL)])


def test_of_a_row_that_is_wrong_all_over_a_few_cells_are_named_and_the_others_counted(import_texts: Import) -> None:
    head = ",".join(["id,skillName,skillCreationDate,state", *(f"x{number}" for number in range(400))])
    row = ",".join(["\x01"] * 404)
    _, problems = import_texts({"skill": "\n".join([head, row, row, ""])})
    for line in (2, 3):
        found = [problem for problem in problems if problem.line == line]
        assert [problem.code for problem in found] == ["control_character"] * MAX_FAULTS + ["more_faults"]
        assert f"are in {404 - MAX_FAULTS} more cells of the row" in found[-1].message


def test_long_rows_do_not_wait_for_one_another_in_memory(store: Store) -> None:
    columns = [f"x{number}" for number in range(9)]
    text = text_of("skill", *({"id": f"SK-{number}"} for number in range(30)))
    head, *rows = text.splitlines()
    long = "\n".join([",".join([head, *columns]), *(",".join([row, *["x" * 100_000] * 9]) for row in rows), ""])
    file = from_text(KINDS["skill"], long)
    with Staging() as staging:
        tracemalloc.start()
        outcome = run(store, Task("lms"), [file], staging)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert outcome.files[0].added == 30
    assert most < 16_000_000 < len(long)


def test_a_long_chain_of_certifications_is_followed_once(store: Store) -> None:
    def steps(length: int) -> int:
        """Hundreds of steps of SQLite for a chain whose root is missing."""
        chain = ({"id": f"C-{each}", "parentCertificationId": f"C-{each + 1}"} for each in range(length))
        file = from_text(KINDS["certification"], text_of("certification", *chain))
        counted = 0

        def count() -> int:
            nonlocal counted
            counted += 1
            return 0

        with Staging() as staging:
            staging.database.set_progress_handler(count, 100)
            outcome = run(store, Task("lms"), [file], staging)
        assert outcome.files[0].bad == length
        return counted

    assert steps(800) < 3 * steps(400)


def test_a_full_disk_is_reported_and_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = from_text(KINDS["skill"], text_of("skill", *({"id": f"SK-{number}"} for number in range(2000))))

    def fill() -> None:
        with Staging() as staging:
            staging.database.execute("PRAGMA max_page_count = 30")
            run(store, Task("lms"), [file], staging)

    with pytest.raises(DiskError, match=f"cannot be stored in {tmp_path}: database or disk is full"):
        fill()
    assert not list(tmp_path.glob("badgerelay-import-*"))
