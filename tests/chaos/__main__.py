"""``python -m tests.chaos [--setup NAME] [--short] [--seed N]``: exits with 1 if any is lost, doubled or stuck."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.table import machine

from .services import MissingServiceError
from .setups import KINDS
from .sizes import FULL, SHORT
from .storm import Result, run
from .table import print_results


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--setup", action="append", choices=list(KINDS), help="only this one; repeatable")
    parser.add_argument("--short", action="store_true", help="fewer completions and kills, the same faults")
    parser.add_argument("--seed", type=int, help="repeat what a run with this seed did, and when")
    wanted = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if wanted.seed is None else wanted.seed
    print(f"{machine()}; seed {seed}", flush=True)
    results: list[Result] = []
    for name in wanted.setup or KINDS:
        folder = Path(tempfile.mkdtemp(prefix=f"badgerelay-chaos-{name}-"))
        print(f"{name}, at {time.strftime('%H:%M:%S')}", flush=True)
        try:
            results.append(run(KINDS[name], SHORT if wanted.short else FULL, seed, folder, _say))
        except MissingServiceError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        complaints = results[-1].complaints(timed=True)
        for complaint in complaints:
            print(f"  {complaint}", flush=True)
        if complaints:
            print(f"  the logs are in {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print_results(results)
    return int(any(result.complaints(timed=True) for result in results))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")  # in one piece: several threads say something
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
