"""Run jobs one after the other; code that raises is a failed job, and the rest goes on."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcheck.api import gradcheck
from fastcheck.batch.jobs import Job
from fastcheck.classic import build
from fastcheck.engine.workers import Progress
from fastcheck.errors import FastcheckError
from fastcheck.options import CHECK
from fastcheck.report import Report
from fastcheck.report.sentences import sentence, severe_first
from fastcheck.target import built, own_imports

SCHEMA = "fastcheck.job/1"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: a report, or what its code raised."""

    job: Job
    report: Report | None
    error: str | None

    @property
    def verdict(self) -> str:
        """The report's verdict, or "error"."""
        return self.report.verdict if self.report is not None else "error"

    @property
    def summary(self) -> str:
        """The rest of the job's line."""
        if self.report is None:
            return self.error or ""
        text = f"{self.report.size:,} parameters in {self.report.seconds:.3g} s"
        failed = [entry for entry in self.report.worst(1) if entry.verdict == "fail"]
        for entry in failed:
            text += f"; worst {entry.label}: error {entry.error:.2g}"
        for finding in severe_first(self.report.findings)[:1]:
            text += f"; {sentence(finding)}"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data: one line of the batch's JSON."""
        return {
            "schema": SCHEMA,
            "job": self.job.name,
            "check": self.job.target,
            "verdict": self.verdict,
            "error": self.error,
            "report": None if self.report is None else self.report.to_dict(),
        }


def run_jobs(jobs: Sequence[Job], progress: Progress | None = None) -> Iterator[Outcome]:
    """Run the jobs in order and yield each outcome as it comes.

    Parameters
    ----------
    jobs
        From `load_jobs`.
    progress
        Called with (jobs done, jobs in all).
    """
    for number, job in enumerate(jobs, 1):
        yield _outcome(job)
        if progress is not None:
            progress(number, len(jobs))


def _outcome(job: Job) -> Outcome:
    options = {option.name: job.options[option.name] for option in CHECK}
    try:
        with own_imports():
            model, x, t = build(job.options) if job.target is None else built(job.target)
            return Outcome(job, gradcheck(model, x, t, **options), None)
    # Whatever a user's code raises is the job's outcome, an exit of the program too.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return Outcome(job, None, _described(error))


def _described(error: BaseException) -> str:
    """Return the exception in a line, with the last line of the user's code where there is one."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, FastcheckError):
        return text
    own = str(Path(__file__).resolve().parents[1])
    frames = traceback.extract_tb(error.__traceback__)
    users = [frame for frame in frames if not frame.filename.startswith(own)]
    return f"{text} ({users[-1].filename}:{users[-1].lineno})" if users else text
