"""The short form of the suite: the same faults and kills, fewer completions, embedded and with a broker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .services import MissingServiceError
from .setups import KINDS
from .sizes import SHORT
from .storm import run


@pytest.mark.services
@pytest.mark.parametrize("setup", ["sqlite", "rabbitmq"])
def test_a_storm_loses_nothing_and_doubles_nothing(setup: str, tmp_path: Path) -> None:
    try:
        result = run(KINDS[setup], SHORT, 20_261, tmp_path, print)
    except MissingServiceError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    assert not result.complaints(timed=False)
    assert result.verdict.badges > SHORT.completions
    assert {item.kind for item in result.happened} >= {"kill -9", "disk full", "token replaced"}
