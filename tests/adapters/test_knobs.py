from dataclasses import dataclass
from typing import Literal

import pytest

from badgerelay.adapters.sandbox import read_knobs


@dataclass(frozen=True, slots=True)
class Switches:
    size: int = 5
    wait: float = 0.5
    on: bool = False
    word: str = "hello"
    form: Literal["list", "string"] = "list"
    status: Literal[200, 201] = 201


def test_texts_become_typed_values_and_the_rest_keeps_its_default() -> None:
    given = {"size": "7", "wait": "0", "on": "yes", "form": "string", "status": "200"}
    assert read_knobs(Switches, given) == Switches(7, 0.0, True, "hello", "string", 200)


def test_an_unknown_knob_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'sice' \(known: size, wait, on, word, form, status\)"):
        read_knobs(Switches, {"sice": "7"})


@pytest.mark.parametrize(
    ("name", "text"),
    [("size", "many"), ("size", "-1"), ("wait", "nan"), ("on", "perhaps"), ("form", "dict"), ("status", "204")],
)
def test_a_wrong_value_names_its_knob(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"knob '{name}': '{text}'"):
        read_knobs(Switches, {name: text})
