"""The code in the guide to adapters is that of the distribution which ``adapter new`` writes, and whose tests run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from badgerelay.adapters.base import CONTRACT, RESERVED_SETTINGS
from badgerelay.adapters.sandbox.faults import KINDS
from badgerelay.plugin.kit.writing import write_distribution
from badgerelay.plugin.store.policy import KEYS

from .building import ROOT

GUIDE = (ROOT / "docs" / "start" / "new-provider.md").read_text()
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guide") / "badgerelay-rosette"
    write_distribution("rosette", folder)
    return folder


@pytest.mark.parametrize(("path", "code"), BLOCKS)
def test_the_code_is_in_the_file_that_it_names(path: str, code: str, written: Path) -> None:
    assert code in (written / path).read_text()


def test_all_code_of_the_guide_is_of_such_a_file() -> None:
    assert len(BLOCKS) == GUIDE.count("```python") >= 6


@pytest.mark.parametrize("name", [*KINDS, *sorted(RESERVED_SETTINGS)])
def test_each_fault_and_each_reserved_setting_is_told(name: str) -> None:
    assert re.search(rf"`[^`]*\b{name}\b[^`]*`", GUIDE), name


def test_the_version_in_the_guide_is_ours() -> None:
    assert f"now `{CONTRACT}`" in GUIDE


def test_what_every_connection_can_set_is_reserved() -> None:
    assert KEYS <= RESERVED_SETTINGS
