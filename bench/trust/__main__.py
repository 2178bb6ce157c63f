"""``python -m bench.trust``: what the verdict is worth, in eight tables."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from rich.console import Console

from bench.__main__ import _positive, _progress
from bench.section import Section
from bench.table import markdown, renderable
from bench.timing import one_blas_thread
from bench.trust.extent import FULL, QUICK, WORKERS, Task
from bench.trust.ledger import ledger_folder

TABLES = {
    1: "false_alarms",
    2: "tightness",
    3: "missed",
    4: "one_weight",
    5: "diagnosed",
    6: "classic_step",
    7: "cost",
    8: "trained",
}

_MISSED, _INTERRUPTED = 1, 130
_WIDTH = 150  # where the output is no terminal


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; `main` only uses it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.trust",
        description="Show what the verdict is worth. All tables: some ten minutes; what was "
        "interrupted goes on where it stopped, as long as no source has changed.",
        epilog="Tables: " + ", ".join(f"{n}: {name}" for n, name in TABLES.items()) + ". "
        "Exit code 1 if a must is missed.",
    )
    parser.add_argument(
        "tables", nargs="*", type=int, metavar="TABLE", help="1 to 8 (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="a little of each, in seconds")
    parser.add_argument(
        "--networks", type=_positive, metavar="N", help="of table 1 (default: 2000; quick: 40)"
    )
    parser.add_argument(
        "--cases",
        type=_positive,
        metavar="N",
        help="networks for each planted mistake (default: 50; quick: 1)",
    )
    parser.add_argument(
        "--workers",
        type=_positive,
        default=WORKERS,
        metavar="N",
        help=f"processes (default: {WORKERS})",
    )
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs found")
    parser.add_argument("--markdown", action="store_true", help="print the tables for a README")
    return parser


def main(arguments: Sequence[str] | None = None, *, folder: Path | None = None) -> int:
    """Print the tables and return the exit code.

    Parameters
    ----------
    arguments
        Without the program's name; by default those of the process.
    folder
        Where results are kept; by default beside the compiled kernels.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    for number in options.tables:
        if number not in TABLES:
            parser.error(f"table={number} must be one of {', '.join(map(str, TABLES))}")
    folder = folder or ledger_folder()
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    extent = QUICK if options.quick else FULL
    chosen = {name: getattr(options, name) for name in ("networks", "cases")}
    extent = replace(extent, **{name: n for name, n in chosen.items() if n is not None})
    task = Task(extent=extent, folder=folder, workers=options.workers)
    try:
        with one_blas_thread():
            sections = [_shown(number, task, options) for number in options.tables or TABLES]
    except KeyboardInterrupt:
        print("bench.trust: interrupted; the next run goes on from here", file=sys.stderr)
        return _INTERRUPTED
    return 0 if all(must.met for section in sections for must in section.musts) else _MISSED


def measure(number: int, task: Task) -> Section:
    """Measure one table."""
    section: Section = import_module(f"bench.trust.{TABLES[number]}").measure(task)
    return section


def _shown(number: int, task: Task, options: argparse.Namespace) -> Section:
    """Measure a table and print it at once."""
    with _progress() as tell:
        section = measure(number, replace(task, tell=tell))
    if options.markdown:
        print(markdown(section), flush=True)
    else:
        console = Console()
        (console if console.is_terminal else Console(width=_WIDTH)).print(renderable(section))
    return section


if __name__ == "__main__":
    sys.exit(main())
