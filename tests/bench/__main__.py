"""``python -m tests.bench [NAME ...]``: exits with 1 when a target is missed, or could not be measured."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable

from . import (
    acknowledging,
    capacity,
    flat,
    imports,
    issuing,
    latency,
    lookups,
    openbadges,
    rivalry,
    scaling,
    soak,
    starting,
)
from .measured import FILE, save
from .processes import CHECKOUT
from .services import MissingServiceError
from .table import Figure, machine, print_figures

BENCHMARKS: dict[str, Callable[..., list[Figure]]] = {
    "starting": starting.measure,
    "latency": latency.measure,
    "issuing": issuing.measure_rate,
    "memory": issuing.measure_memory,
    "requests": lookups.measure,
    "acknowledging": acknowledging.measure,
    "rival": rivalry.measure,
    "scaling": scaling.measure,
    "capacity": capacity.measure,
    "flat": flat.measure,
    "imports": imports.measure,
    "openbadges": openbadges.measure,
    "soak": soak.measure,
}
APART = {"soak"}
"""Only run when named."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"one or more of {', '.join(BENCHMARKS)}; default: all but {', '.join(APART)}",
    )
    parser.add_argument("--quick", action="store_true", help="smaller amounts: a first impression, not a result")
    parser.add_argument("--servers", action="store_true", help="only compare WSGI servers and numbers of threads")
    parser.add_argument("--save", action="store_true", help=f"keep the figures in {FILE.relative_to(CHECKOUT)}")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))} (there are: {', '.join(BENCHMARKS)})")
    if wanted.servers:
        chosen = {"servers": acknowledging.measure_servers}
    else:
        chosen = {name: BENCHMARKS[name] for name in wanted.names or BENCHMARKS if wanted.names or name not in APART}
    print(machine(), flush=True)
    figures: list[Figure] = []
    not_measured: list[str] = []
    for name, measure in chosen.items():
        print(f"measuring: {name} ...", file=sys.stderr, flush=True)
        try:
            figures += measure(quick=wanted.quick)
        except MissingServiceError as error:
            not_measured.append(f"{name} ({error})")
        except Exception:  # the others' figures are not lost with it
            traceback.print_exc()
            not_measured.append(name)
    print_figures(figures)
    if wanted.save:
        save(figures, machine(), quick=wanted.quick)
    missed = [figure.name.strip() for figure in figures if not figure.met]
    if missed:
        print(f"\nmissed: {'; '.join(missed)}")
    if not_measured:
        print(f"\nnot measured: {'; '.join(not_measured)}")
    return 1 if missed or not_measured else 0


if __name__ == "__main__":
    sys.exit(main())
