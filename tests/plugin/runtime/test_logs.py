from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from badgerelay.hooks import CourseCompleted, Learner, LearningObject
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.integrations.relay import Relay
from badgerelay.plugin.runtime.logs import set_up_logging
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store

from ...support import until

FORGED = "2026-01-01 00:00:00,000 ERROR   badgerelay: forged"


@pytest.fixture(autouse=True)
def _log_afterwards() -> Iterator[None]:
    logger = logging.getLogger("badgerelay")
    kept = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = kept


def set_up(form: str) -> None:
    set_up_logging(Settings(Path(), "", log_format=form))


def test_json_carries_what_a_record_carries(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    carried = {"correlation_ids": ["a" * 32, "b" * 32], "award_ids": [1, 2], "secret": "never"}
    logging.getLogger("badgerelay.test").info("two", extra=carried)
    line = json.loads(capsys.readouterr().err)
    assert line["correlation_ids"] == ["a" * 32, "b" * 32]
    assert line["award_ids"] == [1, 2]
    assert "secret" not in line


def test_text_keeps_a_stack_trace_behind_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("text")
    try:
        raise ValueError("trouble")
    except ValueError:
        logging.getLogger("badgerelay.test").exception("failed", extra={"correlation_id": "0" * 24 + "12345678"})
    first, second, *_, last = capsys.readouterr().err.splitlines()
    assert first.endswith("failed [..12345678]")
    assert (second, last) == ("Traceback (most recent call last):", "ValueError: trouble")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_id_from_outside_cannot_forge_a_line(
    store: Store, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("text")
    relay = Relay(settings)
    learning_object = LearningObject("course", f"course\n{FORGED}\x1b[2J")
    relay.take(
        CourseCompleted(
            id="1", source="lms", occurred_at=_now(), learner=Learner("7"), learning_object=learning_object
        )
    )
    relay.close()
    engine = make_engine(store)
    engine.start()
    until(lambda: store.views.counts()["events"] == {"ignored": 1})
    engine.stop()
    log = capsys.readouterr().err
    assert "no rule gives a badge for course" in log
    assert FORGED not in log.splitlines()
    assert "\x1b" not in log


def test_a_hook_call_and_its_decision_carry_one_correlation_id(
    store: Store, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("json")
    relay = Relay(settings)
    learning_object = LearningObject("course", "unknown")
    relay.take(
        CourseCompleted(
            id="1", source="lms", occurred_at=_now(), learner=Learner("7"), learning_object=learning_object
        )
    )
    relay.close()
    engine = make_engine(store)
    engine.start()
    until(lambda: store.views.counts()["events"] == {"ignored": 1})
    engine.stop()
    (event,) = store.views.events()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [
        line["message"].split(":")[0] for line in lines if line.get("correlation_id") == event["correlation_id"]
    ] == [
        "hook of lms",
        "event 1 is ignored",
    ]


def _now() -> datetime:
    return datetime.now(UTC)
