"""The plan of a backfill and its reasons, and the issued badges, counted at the provider."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from badgerelay.adapters.values import BadgeTemplate
from badgerelay.plugin.backfill import existing_badges
from badgerelay.plugin.backfill.addresses import Addresses
from badgerelay.plugin.backfill.issue import AHEAD, Issuer
from badgerelay.plugin.backfill.options import BackfillOptions
from badgerelay.plugin.backfill.origins import alm_source
from badgerelay.plugin.backfill.plan import Planner
from badgerelay.plugin.backfill.read_file import read_into
from badgerelay.plugin.backfill.run import held
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.sources.alm.api.documents import LearnerRecord
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.backfill.values import NewBadge, PastCompletion, StateChange
from badgerelay.plugin.store.schema.tables import award_hours, backfill_badges, backfill_completions, backfills

from ...support import badges, connect_alm, counts, set_faults
from .conftest import FIRST, HEADER, TEMPLATE, issue_by_hand, line, stored_reasons


def reasons(run: Any) -> dict[str, int]:
    return {each["reason"]: each["count"] for each in run.json["reasons"]}


def start(run: Callable[..., Any], file: str, *more: str) -> Any:
    done = run("backfill", "acme", "--transcript", file, "--json", *more)
    assert done.code == 0, done.err
    return done


def test_a_dry_run_says_who_gets_what_and_issues_nothing(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    file = transcript(
        [
            line(),
            line(FIRST + 1, grade="Fail"),
            line(FIRST + 2, status="In Progress", date=""),
            line(FIRST + 3, course="course:8801300", instance="course:8801300_17700991"),
            line(FIRST + 4, date="2026-02-28"),
            line(FIRST + 5, date="2026-03-31T23:59:59Z"),
            line(FIRST + 6, date="2026-04-01"),
            line(999),
            line(),
            line(date="2026-03-05"),
            line("", email="nobody@example.org"),
        ]
    )
    done = start(run, file, "--dry-run", "--from", "2026-03-01", "--to", "2026-03-31")
    assert done.json["state"] == "planned"
    assert done.json["badges"] == {"would": 2}
    assert done.json["learners"] == 2
    assert reasons(done) == {
        "completed without passing": 1,
        "not completed": 1,
        "no badge hangs on it in ALM, and no rule gives one": 1,
        "ALM does not know the learner yet": 1,
        "an earlier line earns the same badge": 1,
        "no learner of ALM is known by this e-mail address: give a column User ID with ALM's ids": 1,
    }
    left_out = done.json["left_out"]
    assert (left_out["completed before --from"], left_out["completed after --to"], sum(left_out.values())) == (
        1,
        1,
        3,
    )
    assert store.views.counts() == {"events": {}, "awards": {}}
    assert badges(credly) == []


def test_a_plan_is_issued_once_it_is_confirmed(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    start(run, transcript([line(FIRST + number) for number in range(60)]), "--dry-run")
    refused = run("backfill", "resume", "1")
    assert refused.code == 1
    assert "--yes" in refused.err
    assert badges(credly) == []
    done = run("backfill", "resume", "1", "--yes", "--json")
    assert (done.json["state"], done.json["badges"]) == ("done", {"issued": 60})
    assert (counts(credly)["total"], counts(credly)["duplicates"]) == (60, 0)
    assert {each["issued_at"] for each in badges(credly)} == {"2026-03-02T10:00:00.000Z"}
    why = run("awards", "why", "1")
    assert "backfill 1" in why.out
    again = run("backfill", "resume", "1", "--yes", "--json")
    assert again.json["state"] == "done"
    assert counts(credly)["total"] == 60


def test_a_learner_with_the_badge_in_ledger_or_at_the_provider_gets_no_second(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    issue_by_hand(credly)  # Rosa, by her address
    issue_by_hand(credly, recipient_email="somebody@else.example", issuer_earner_id=f"alm:70412:{FIRST + 40}")
    issue_by_hand(credly, recipient_email="not@ours.example", issuer_earner_id="another-system:1")
    start(run, transcript([line(FIRST + 1)]), "--yes")
    file = transcript([line(FIRST + number) for number in range(50)])
    done = start(run, file, "--yes")
    assert done.json["badges"] == {"has": 3, "issued": 47}
    assert (counts(credly)["total"], counts(credly)["duplicates"]) == (51, 0)


def test_any_number_of_learners_with_last_year_s_badge_get_the_renewal(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    template = "91d2b6f7-4e80-4c3a-8d15-e7a06b3f92c8"
    for number, year in ((21, 2025), (22, 2026)):
        learner = {"recipient_email": f"{number}@example.org", "issuer_earner_id": f"alm:70412:{FIRST + number}"}
        moment = f"{year}-03-02 10:00:00 +0000"
        issue_by_hand(credly, badge_template_id=template, issued_at=moment, **learner)
    lines = [
        line(FIRST + number, course="171020", instance="190311", type_="Certification", grade="")
        for number in range(25)
    ]
    done = start(run, transcript(lines), "--yes")
    assert done.json["badges"] == {"has": 1, "issued": 24}
    assert counts(credly)["total"] == 26


@pytest.mark.parametrize("learners", [1, 60])
def test_a_badge_issued_between_plan_and_confirmation_is_not_issued_again(
    store: Store, provide: Any, serve_app: Any, run: Any, transcript: Any, learners: int
) -> None:
    credly = provide({"allow_duplicates": "true"})
    connect_alm(store, serve_app("alm", learners="100"))
    start(run, transcript([line(FIRST + number) for number in range(learners)]), "--dry-run")
    by_hand = issue_by_hand(credly)
    done = run("backfill", "resume", "1", "--yes", "--json")
    assert done.json["badges"] == {"issued": learners}
    assert counts(credly)["total"] == learners
    assert store.views.awards(learner=str(FIRST))[0]["badge_id"] == by_hand


def test_neither_age_nor_award_limit_holds_it_and_the_hour_is_left_to_live_awards(
    store: Store, provide: Any, serve_app: Any, run: Any, transcript: Any
) -> None:
    provide(award_limit="2/hour", max_age="1 days")
    connect_alm(store, serve_app("alm"), max_age="1 days")
    done = start(run, transcript([line(FIRST + number) for number in range(8)]), "--yes")
    assert done.json["badges"] == {"issued": 8}
    with store.database.read() as transaction:
        assert sum(row.awards for row in transaction.execute(award_hours.select())) == 0


def test_a_pause_holds_the_badges_under_way_and_feeds_no_more(
    store: Store, alm: str, credly: str, transcript: Any, run: Any
) -> None:
    start(run, transcript([line(FIRST + number) for number in range(250)]), "--dry-run")
    connection = store.connections.get("acme")
    assert connection is not None
    source = alm_source(store, connection)
    engine = make_engine(store)
    engine.start()
    polls = 0
    paused_at: list[int] = []

    def sleep(seconds: float) -> None:
        nonlocal polls
        polls += 1
        if polls == 1:
            store.connections.pause(["academy"], store.now())
        elif polls == 20:
            held = store.views.counts()["awards"].get("held", 0)
            paused_at.append(sum(store.views.counts()["events"].values()))
            assert held <= AHEAD
            store.connections.resume(["academy"], store.now())
        time.sleep(0.05)

    try:
        Issuer(store, 1, source, sleep=sleep).run()
    finally:
        engine.stop()
    assert paused_at == [AHEAD]
    assert counts(credly)["total"] == 250


def test_a_limit_is_kept(store: Store, alm: str, credly: str, run: Any, transcript: Any) -> None:
    done = start(run, transcript([line(FIRST + number) for number in range(30)]), "--yes", "--limit", "7")
    assert done.json["badges"] == {"issued": 7, "beyond": 23}
    assert counts(credly)["total"] == 7


def test_only_the_learning_objects_that_were_asked_for(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    path = line(FIRST + 1, course="learningProgram:164501", instance="", type_="Learning Path")
    certification = line(FIRST + 2, course="171020", instance="190311", type_="Certification", grade="")
    file = transcript([line(), path, certification])
    wanted = ("--learning-object", "certification:171020", "--learning-object", "learningProgram:164501")
    done = start(run, file, "--yes", *wanted)
    assert done.json["badges"] == {"issued": 2}
    assert done.json["left_out"] == {"another learning object": 1}
    names = {badge["badge_template"]["name"] for badge in badges(credly)}
    assert names == {"Safety Path", "Certified Technician"}


def test_a_rule_that_is_new_since_the_plan_gives_nothing_that_was_not_confirmed(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    start(run, transcript([line()]), "--dry-run")
    other = "7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10"
    added = run("rules", "add", "--learning-object", "course:8801234", "--template", other, "--connection", "academy")
    assert added.code == 0, added.err
    assert run("backfill", "resume", "1", "--yes", "--json").json["badges"] == {"issued": 1}
    assert [badge["badge_template"]["id"] for badge in badges(credly)] == [TEMPLATE]


def test_an_e_mail_address_is_resolved_by_alm_s_reported_learners_only(
    store: Store, credly: str, serve_app: Callable[..., str], run: Any, transcript: Any
) -> None:
    connect_alm(store, serve_app("alm", jobs="forbidden"))
    start(run, transcript([line(), line(FIRST + 1)]), "--dry-run")  # now ALM has reported these two
    Addresses(store, "acme").learn([("77", "two@example.org"), ("78", "two@example.org")])
    lines = [
        line("", email="Rosa.Lindqvist@example.org"),
        line("", email="wei.chen@example.org"),
        line("", email="two@example.org"),
    ]
    done = start(run, transcript(lines), "--yes")
    assert done.json["badges"] == {"issued": 1}
    assert [award["learner_id"] for award in store.views.awards()] == [str(FIRST)]
    assert sorted(reasons(done).values()) == [1, 1]
    assert any("77, 78" in reason for reason in reasons(done))


def test_all_learners_of_the_account_are_asked_for_once_where_that_can_be_done(
    store: Store, alm: str, credly: str, transcript: Any
) -> None:
    asked = []

    def all_users() -> list[LearnerRecord]:
        asked.append(1)
        return [LearnerRecord(str(FIRST), "rosa.lindqvist@example.org", "Rosa Lindqvist", None, "ACTIVE")]

    connection = store.connections.get("acme")
    assert connection is not None
    source = alm_source(store, connection)
    Addresses(store, "acme").learn([(str(FIRST + 2), "somebody@else.example")])  # as it once was
    number = store.backfills.begin("acme", source.name, "a test", BackfillOptions().as_dict(), store.now())
    addresses = ["rosa.lindqvist@example.org", "somebody@else.example", "nobody@example.org"]
    lines = [HEADER, *(line("", email=address) for address in addresses)]
    read_into(store, number, source, BackfillOptions(), (f"{each}\n" for each in lines), grades=False)
    Planner(store, number, source, BackfillOptions(), all_users=all_users).run()
    assert len(asked) == 1
    assert store.planned_badges.counts(number) == {"would": 1, "learners": 1}
    assert [why for why, _ in stored_reasons(store, number)] == [
        "no learner of ALM is known by this e-mail address: give a column User ID with ALM's ids",
        "the learner who had this e-mail address has another one in the LMS now",
    ]


def test_modules_of_a_course_are_one_completion_which_all_of_them_make(
    store: Store, alm: str, credly: str, run: Any, tmp_path: Any, transcript: Any
) -> None:
    start(run, transcript([line(), line(FIRST + 1)]), "--dry-run")  # so that the addresses are known
    header = "userId,courseId,moduleId,completion,started,success,scoreRaw,scoreMin,scoreMax,duration,completionDate"
    file = tmp_path / "user_course_grade.csv"
    rosa, tomas = "rosa.lindqvist@example.org", "tomas.ruiz@example.org"
    file.write_text(
        f"{header}\n{rosa},8801234,M1,TRUE,TRUE,TRUE,8,0,10,3,2026-03-01T09:00:00.000Z\n"
        f"{tomas},8801234,M1,TRUE,TRUE,TRUE,8,0,10,3,2026-03-01T09:00:00.000Z\n"
        f"{rosa},8801234,M2,TRUE,TRUE,TRUE,8,0,10,3,2026-03-04T09:00:00.000Z\n"
        f"{tomas},8801234,M2,FALSE,TRUE,,8,0,10,3,\n"
    )
    done = run("backfill", "acme", "--grades", str(file), "--yes", "--json")
    assert done.json["badges"] == {"issued": 1}
    assert reasons(done) == {"not completed": 1}
    (badge,) = badges(credly)
    assert (badge["recipient_email"], badge["issued_at"]) == (rosa, "2026-03-04T09:00:00.000Z")


def test_past_completions_of_a_host_need_its_ids_of_learners(
    store: Store, credly: str, run: Any, transcript: Any
) -> None:
    run("rules", "add", "--learning-object", "graph-101", "--template", TEMPLATE, "--connection", "academy")
    lines = [
        "Ada Holm,ada@example.org,u-4711,graph-101,Completed,2026-03-02",
        "Bo Lund,bo@example.org,,graph-101,Completed,2026-03-02",
        "Cy Moe,,u-4712,graph-101,Completed,2026-03-02",
    ]
    file = transcript(lines, header="Name,Email,User ID,LO ID,Status,Completion Date")
    done = run("backfill", "--source", "moodle", "--transcript", file, "--yes", "--json")
    assert done.json["badges"] == {"issued": 1}, done.err
    found = reasons(done)
    assert any("--email-is-id" in reason for reason in found)
    assert "waiting for the host to give the learner's e-mail" in found
    (award,) = store.views.awards()
    assert (award["source"], award["learner_id"]) == ("moodle", "u-4711")
    assert '"Holm"' in award["recipient"]
    again = run("backfill", "--source", "moodle", "--transcript", file, "--yes", "--json", "--email-is-id")
    assert again.json["badges"] == {"has": 1, "issued": 1}, again.out
    assert counts(credly)["duplicates"] == 0


def test_a_template_that_is_not_active_is_not_planned(
    store: Store, credly: str, alm: str, run: Any, transcript: Any
) -> None:
    archived = [BadgeTemplate(TEMPLATE, "Old", "archived")]
    store.catalogue.synchronize("academy", archived, store.now(), accept_missing=True)
    done = start(run, transcript([line()]), "--yes")
    assert done.json["badges"] == {"cannot": 1}
    assert reasons(done) == {f"the badge template {TEMPLATE} is archived": 1}


def test_a_plan_that_cannot_ask_now_goes_on_later(
    store: Store, provide: Any, serve_app: Any, run: Any, transcript: Any
) -> None:
    credly = provide()
    connect_alm(store, serve_app("alm"))
    file = transcript([line(FIRST + number) for number in range(3)])
    set_faults(credly, "500=1.0")
    tries, existing_badges.TRIES = existing_badges.TRIES, 1
    try:
        failed = run("backfill", "acme", "--transcript", file, "--yes")
    finally:
        existing_badges.TRIES = tries
    assert failed.code == 1
    assert store.backfills.all()[0].state == "planning"
    set_faults(credly, "")
    assert run("backfill", "resume", "1", "--yes", "--json").json["badges"] == {"issued": 3}
    assert counts(credly)["total"] == 3


def test_completions_that_two_processes_decide_at_once_are_decided_once(store: Store, alm: str, credly: str) -> None:
    connection = store.connections.get("acme")
    assert connection is not None
    source = alm_source(store, connection)
    number = store.backfills.begin("acme", source.name, "a test", BackfillOptions().as_dict(), store.now())
    read_into(
        store,
        number,
        source,
        BackfillOptions(),
        (f"{each}\n" for each in [HEADER, line(), line(FIRST + 1)]),
        grades=False,
    )
    first, second = store.past_completions.in_state(number, "read", limit=9)

    def decide(row: PastCompletion, state: str) -> None:
        badge = NewBadge(
            backfill=number,
            connection="academy",
            completion=row.id,
            learner_id=row.learner_id or "",
            template_id=TEMPLATE,
            period="",
            address="",
            state=state,
        )
        store.past_completions.record_decisions([StateChange(row.id, "earns")], [badge])

    for state in ("would", "has"):
        decide(first, state)
    late, in_time = ("decided too late", "decided in time")
    store.past_completions.settle([StateChange(first.id, "cannot", late), StateChange(second.id, "cannot", in_time)])
    decide(second, "would")
    assert store.planned_badges.counts(number) == {"would": 1, "learners": 1}
    assert [row.id for row in store.past_completions.in_state(number, "earns", limit=9)] == [first.id]
    assert stored_reasons(store, number) == [("decided in time", 1)]


def test_one_process_at_a_time_works_on_a_backfill(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    start(run, transcript([line()]), "--dry-run")
    with held(store, 1):
        refused = run("backfill", "resume", "1", "--yes")
    assert refused.code == 1
    assert re.search(r"process \d+ on \S+ works on backfill 1", refused.err)
    assert badges(credly) == []
    assert run("backfill", "resume", "1", "--yes", "--json").json["badges"] == {"issued": 1}


def test_a_badge_on_its_way_whose_event_is_not_there_is_brought_in_again(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    start(run, transcript([line(), line(FIRST + 1)]), "--dry-run")
    with store.database.write() as transaction:
        transaction.execute(backfill_badges.update().values(state="sent"))
        transaction.execute(backfill_completions.update().values(state="cannot", reason="decided twice"))
    assert run("backfill", "resume", "1", "--yes", "--json").json["badges"] == {"issued": 2}
    assert counts(credly)["total"] == 2


def test_a_file_that_cannot_be_read_leaves_nothing(store: Store, alm: str, run: Any, transcript: Any) -> None:
    done = run("backfill", "acme", "--transcript", transcript(['"never closed'], header=HEADER))
    assert done.code == 1
    assert "transcript.csv" in done.err
    assert "line" in done.err
    assert store.backfills.all() == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("acme",), 2, "give --from"),
        (("nobody", "--transcript", "FILE"), 1, "no source connection"),
        (("academy", "--transcript", "FILE"), 1, "no source connection"),
        (("acme", "--transcript", "FILE", "--from", "yesterday"), 2, "--from"),
        (("acme", "--transcript", "FILE", "--grades", "FILE"), 2, "either --transcript or --grades"),
        (("--transcript", "FILE"), 2, "either CONNECTION"),
        (("--source", "a b", "--transcript", "FILE"), 2, "--source"),
        (("show", "7"), 1, "no backfill 7"),
        (("resume", "7"), 1, "no backfill 7"),
    ],
)
def test_wrong_use_is_reported(
    store: Store, alm: str, run: Any, transcript: Any, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    file = transcript([line()])
    done = run("backfill", *(file if each == "FILE" else each for each in arguments))
    assert (done.code, sentence in done.err) == (code, True), done.err


def test_plans_keep_no_address_of_alm_s_learners(
    store: Store, alm: str, credly: str, run: Any, transcript: Any
) -> None:
    start(run, transcript([line("", email="rosa.lindqvist@example.org"), line(FIRST + 1)]), "--dry-run")
    with store.database.read() as transaction:
        for table in (backfills, backfill_completions, backfill_badges):
            assert "@" not in repr(transaction.execute(table.select()).all())
    shown = run("backfill", "show", "1")
    assert "@" not in shown.out
    assert "would be issued" in shown.out
    assert "planned" in run("backfill", "list").out
