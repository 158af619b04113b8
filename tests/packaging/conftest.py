from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from .building import ROOT, run


@pytest.fixture(scope="session")
def tree() -> list[str]:
    """The files of the checkout that are ours, as git lists them."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def distributions(tree: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution of a clean copy, and the wheel made from that."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in tree:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    said = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source)
    complaint = re.search(r".*(Deprecat|SetuptoolsWarning|UserWarning).*", said.stdout + said.stderr)
    assert complaint is None, complaint
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel
