import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters.sandbox import Fault, Faults


def test_without_a_text_nothing_goes_wrong() -> None:
    faults = Faults()
    assert [faults.draw() for _ in range(50)] == [None] * 50


def test_a_count_befalls_exactly_so_many_requests() -> None:
    faults = Faults("lost=#2")
    assert [faults.draw() for _ in range(4)] == [Fault("lost"), Fault("lost"), None, None]
    assert str(faults) == ""
    assert faults.drawn == {"lost": 2}


def test_seconds_follow_a_colon() -> None:
    faults = Faults("429=#1:2.5,slow=#1:35")
    assert [faults.draw(), faults.draw()] == [Fault("429", 2.5), Fault("slow", 35.0)]


def test_a_probability_is_met_and_the_same_seed_draws_the_same() -> None:
    spec = "500=0.1,html502=0.2,seed=7"
    drawn = [
        [fault and fault.kind for fault in (faults.draw() for _ in range(5000))]
        for faults in (Faults(spec), Faults(spec))
    ]
    assert drawn[0] == drawn[1]
    counted = Counter(drawn[0])
    assert 400 < counted["500"] < 600
    assert 850 < counted["html502"] < 1150


def test_down_takes_precedence_over_random_faults() -> None:
    faults = Faults("500=1,down=1")
    assert faults.draw() == Fault("down")


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("lots=0.1", "lots=0.1"),
        ("lost=2", "lost=2"),
        ("lost=", "lost="),
        ("lost=-1", "lost=-1"),
        ("lost=nan", "lost=nan"),
        ("lost=#x", "lost=#x"),
        ("lost=0.1:3", "lost=0.1:3"),
        ("429=0.1:soon", "429=0.1:soon"),
        ("latency=inf", "latency=inf"),
        ("lost=0.6,500=0.6", "more than 1"),
        ("lost=0.1,lost=0.2", "twice"),
    ],
)
def test_a_wrong_part_is_named(spec: str, named: str) -> None:
    with pytest.raises(ValueError, match=named.replace(".", r"\.")):
        Faults(spec)


def test_a_wrong_change_changes_nothing() -> None:
    faults = Faults("lost=#1,latency=0.5")
    with pytest.raises(ValueError, match="unknown name"):
        faults.change("latency=0.1,nonsense=1")
    assert str(faults) == "lost=#1,latency=0.5"


def test_many_threads_share_one_count() -> None:
    faults = Faults("500=#100")
    drawn: list[Fault | None] = []
    threads = [threading.Thread(target=lambda: drawn.extend(faults.draw() for _ in range(50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fault is not None for fault in drawn) == 100


@given(st.text(max_size=40))
def test_any_text_is_faults_or_a_value_error(spec: str) -> None:
    try:
        faults = Faults(spec)
    except ValueError:
        return
    assert str(Faults(str(faults))) == str(faults)
