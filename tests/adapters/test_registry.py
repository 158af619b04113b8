"""Find installed adapters, some of which are broken."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from badgerelay.adapters import ConfigurationError
from badgerelay.adapters.registry import adapter_names, installed, load_adapter

GOOD = """
from marshmallow import Schema
from badgerelay.adapters import Account, Adapter, Capabilities

class Good(Adapter):
    name = "{name}"
    capabilities = Capabilities(can_look_up=False)
    settings_schema = Schema
    def check(self): return Account("a", "A")
    def templates(self): return iter(())
    def issue(self, awards): return []
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a distribution of one module: its name, its code, and its entry points."""

    def put(name: str, code: str, entry_points: str) -> None:
        folder = tmp_path / name
        info = folder / f"{name}-1.5.dist-info"
        info.mkdir(parents=True)
        (folder / f"{name}_module.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        (info / "entry_points.txt").write_text(entry_points)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)  # of an earlier test

    return put


def entry(name: str, module: str, what: str = "Good") -> str:
    return f"[badgerelay.adapters]\n{name} = {module}_module:{what}\n"


def test_an_entry_point_makes_an_adapter_known_after_our_own(install: Install) -> None:
    install("aaa", GOOD.format(name="aaa"), entry("Aaa", "aaa"))
    names = adapter_names()
    assert names[0] == "credly"
    assert "aaa" in names
    assert load_adapter("AAA").name == "aaa"


def test_a_plugin_may_give_several_by_the_hook(install: Install) -> None:
    code = (
        GOOD.format(name="one")
        + "class Two(Good):\n    name = 'two'\n"
        + "import pluggy\n@pluggy.HookimplMarker('badgerelay')\ndef badge_adapters(): return [Good, Two]\n"
    )
    install("hooked", code, "[badgerelay]\nhooked = hooked_module\n")
    assert {"one", "two"} <= set(adapter_names())
    assert load_adapter("two").name == "two"
    assert {each.distribution for each in installed() if each.name in ("one", "two")} == {"hooked 1.5"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("1 / 0", "does not load: ZeroDivisionError"),
        ("raise SystemExit(3)", "does not load: SystemExit"),
        ("Good = 7", "not a subclass"),
        ("Good.contract = (2, 0)", r"a newer contract \(2.0\) than this badgerelay has \(1.0\): update badgerelay"),
        ("Good.contract = (1, 9)", r"a newer contract \(1.9\)"),
        ("Good.contract = (0, 9)", r"an older contract \(0.9\) than .*: update the adapter"),
        ("Good.contract = 'new'", "no version of the contract"),
        ("Good.name = 'another'", "has the name 'another'"),
        ("Good.name = None", "no valid name"),
        ("Good.capabilities = None", "declares no capabilities"),
        ("Good.capabilities = Capabilities(can_look_up=False, max_batch=0)", "max_batch"),
        ("Good.capabilities = Capabilities()", r"can_look_up and has no find\(\)"),
        ("Good.capabilities = Capabilities(can_look_up=False, can_list=True)", r"can_list and has no badges\(\)"),
        (
            "Good.capabilities = Capabilities(can_look_up=False, can_rotate_key=True)",
            r"can_rotate_key and has no rotate_key\(\)",
        ),
        ("Good.settings_schema = dict", "no settings_schema"),
        ("del Good.issue; Good.__abstractmethods__ = frozenset({'issue'})", "lacks issue"),
        (
            "from marshmallow import fields\nGood.settings_schema = Schema.from_dict({'rate': fields.String()})",
            "declares the settings rate",
        ),
    ],
)
def test_a_broken_adapter_is_named_with_its_problem_and_stops_no_other(
    change: str, said: str, install: Install
) -> None:
    install("broken", GOOD.format(name="broken") + change + "\n", entry("broken", "broken"))
    install("whole", GOOD.format(name="whole"), entry("whole", "whole"))
    assert load_adapter("whole").name == "whole"
    assert load_adapter("credly").name == "credly"
    with pytest.raises(ConfigurationError, match=f"the adapter 'broken' of broken 1.5 .*{said}"):
        load_adapter("broken")
    problems = {each.name: each.problem for each in installed()}
    assert problems["broken"]
    assert not problems["whole"]
    assert not problems["credly"]


def test_a_broken_plugin_hides_no_other(install: Install) -> None:
    hook = "import pluggy\n@pluggy.HookimplMarker('badgerelay')\ndef badge_adapters(): "
    install("raising", f"{hook}raise KeyError('x')\n", "[badgerelay]\nraising = raising_module\n")
    install("odd", f"{hook}return 7\n", "[badgerelay]\nodd = odd_module\n")
    install("fine", GOOD.format(name="fine") + f"{hook}return [Good]\n", "[badgerelay]\nfine = fine_module\n")
    assert load_adapter("fine").name == "fine"
    problems = {each.name: each.problem for each in installed()}
    assert "KeyError" in problems["raising"]
    assert "TypeError" in problems["odd"]


def test_no_other_distribution_takes_our_names(install: Install) -> None:
    install("thief", GOOD.format(name="credly"), entry("credly", "thief"))
    assert load_adapter("credly").__module__ == "badgerelay.adapters.credly.adapter"
    (thief,) = (each for each in installed() if each.distribution == "thief 1.5")
    assert "its name is taken by badgerelay" in thief.problem


def test_alm_is_a_reserved_name(install: Install) -> None:
    install("alm", GOOD.format(name="alm"), entry("alm", "alm"))
    with pytest.raises(ConfigurationError, match="reserved name"):
        load_adapter("alm")


def test_one_that_is_not_installed_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no badge provider 'nobody' is installed \(installed: .*credly"):
        load_adapter("nobody")
