"""``fastcheck batch``: the jobs of a TOML file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from fastcheck.batch import Outcome, load_jobs, run_jobs
from fastcheck.cli.exits import BAD_USAGE, FAILED, INCONCLUSIVE, INTERRUPTED, OF_VERDICT, PASSED
from fastcheck.cli.terminal import check_writable, progress_bar
from fastcheck.report.text import COLOURS

# A batch ends with the first of these that occurred.
_GRAVEST_FIRST = (INTERRUPTED, FAILED, INCONCLUSIVE, BAD_USAGE, PASSED)


def handle(options: argparse.Namespace) -> int:
    """Validate the whole file, then run job after job."""
    jobs = load_jobs(options.jobs)
    check_writable(options.json)
    console = Console()
    width = max(len(job.name) for job in jobs)
    outcomes = []
    lines = open(options.json, "w", encoding="utf-8") if options.json else None  # noqa: SIM115, PTH123
    try:
        with progress_bar(console, "jobs", quiet=options.quiet) as progress:
            for outcome in run_jobs(jobs, progress):
                outcomes.append(outcome)
                if lines is not None:
                    lines.write(json.dumps(outcome.to_dict(), allow_nan=False) + "\n")
                    lines.flush()
                if not options.quiet:
                    console.print(_line(outcome, width), soft_wrap=True)
    finally:
        if lines is not None:
            lines.close()
    if not options.quiet:
        console.print(_summary(outcomes))
    return _exit_code(outcomes)


def _line(outcome: Outcome, width: int) -> Text:
    text = Text(f"{outcome.verdict:<12}", style=COLOURS.get(outcome.verdict, "bold red"))
    text.append(f"  {outcome.job.name:<{width}}  {outcome.summary}", style="default not bold")
    return text


def _summary(outcomes: list[Outcome]) -> str:
    kinds = list(dict.fromkeys(outcome.verdict for outcome in outcomes))
    counts = [f"{sum(o.verdict == kind for o in outcomes)} {kind}" for kind in kinds]
    jobs = "job" if len(outcomes) == 1 else "jobs"
    return f"{len(outcomes)} {jobs}: {', '.join(counts)}"


def _exit_code(outcomes: Iterable[Outcome]) -> int:
    codes = {OF_VERDICT.get(outcome.verdict, FAILED) for outcome in outcomes} | {PASSED}
    return next(code for code in _GRAVEST_FIRST if code in codes)
