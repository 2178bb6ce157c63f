"""``fastcheck selftest``: correct networks must pass on this machine, planted mistakes fail."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fastcheck.api import gradcheck
from fastcheck.cli.exits import FAILED, PASSED
from fastcheck.cli.terminal import progress_bar
from fastcheck.nn.protocols import Array
from fastcheck.planted import MISTAKES, applicable, plant
from fastcheck.planted.samples import Sample, sample_networks
from fastcheck.report import Report

_DTYPES = ("float64", "float32")
# Networks of each kind and dtype.
_ROUNDS = 2
# A mistake that moves no element by more than so many bounds is none in that network.
_VISIBLE = 2.0
# Wide enough for a mistake a line, where the output goes to a file.
_WIDTH = 110
# From here on there is room for where a mistake was planted, and for how clearly it failed.
_FOR_PLACES, _FOR_RATIOS = 100, 70


@dataclass(frozen=True, slots=True)
class _Correct:
    """A correct network, its report, and its gradient."""

    sample: Sample
    report: Report
    gradient: dict[str, Array]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A mistake planted in a network, and its report; None where it changes nothing there."""

    mistake: str
    place: str
    network: str
    report: Report | None

    @property
    def verdict(self) -> str:
        return "unchanged" if self.report is None else self.report.verdict

    @property
    def ratio(self) -> float:
        """The worst entry's error over its bound."""
        if self.report is None:
            return 0.0
        worst = self.report.worst(1)[0]
        return worst.error / worst.bound if worst.bound else float("inf")


def handle(options: argparse.Namespace) -> int:
    """Check correct networks, then every mistake in one network of each dtype."""
    if options.list:
        _print_list()
        return PASSED
    began = perf_counter()
    console = Console()
    with progress_bar(console, "mistakes", quiet=False) as progress:
        correct = [_checked(sample) for sample in _samples(options.seed)]
        trials = []
        for done, name in enumerate(MISTAKES, start=1):
            turn = options.seed + done
            trials.append(_weakest([_trial(name, correct, dtype, turn) for dtype in _DTYPES]))
            if progress is not None:
                progress(done, len(MISTAKES))
    wrong = [item for item in correct if item.report.verdict != "pass"]
    counted = [trial for trial in trials if trial.report is not None]
    failed = [trial for trial in counted if trial.verdict == "fail"]
    _print_table(console, trials)
    for item in wrong:
        console.print(f"{item.sample.name} is correct, and did not pass:")
        console.print(item.report)
    for trial in trials:
        if trial.report is None:
            console.print(f"{trial.mistake} changes nothing in these networks: not counted")
    console.print(
        f"selftest: {len(failed)} of {len(counted)} mistakes failed, "
        f"{len(correct) - len(wrong)} of {len(correct)} correct networks passed "
        f"in {perf_counter() - began:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    return PASSED if len(failed) == len(counted) and not wrong else FAILED


def _samples(seed: int) -> list[Sample]:
    return [
        sample
        for number in range(_ROUNDS)
        for dtype in _DTYPES
        for sample in sample_networks(dtype, seed + number)
    ]


def _checked(sample: Sample) -> _Correct:
    report = gradcheck(sample.net, sample.x, sample.t)
    return _Correct(sample, report, sample.net.gradient(sample.x, sample.t))


def _trial(name: str, correct: Sequence[_Correct], dtype: str, turn: int) -> _Trial:
    """Plant the mistake in the first network where it shows, beginning with another each turn."""
    fitting = [
        item
        for item in correct
        if item.sample.net.dtype == dtype and applicable(name, item.sample.net)
    ]
    start = turn % max(1, len(fitting))
    trial = _Trial(name, "-", "-", None)
    for item in fitting[start:] + fitting[:start]:
        sample = item.sample
        model = plant(name, sample.net, seed=turn)
        trial = _Trial(name, model.place, sample.name, None)
        if _shows(item, model.gradient):
            return _Trial(name, model.place, sample.name, gradcheck(model, sample.x, sample.t))
    return trial


def _shows(item: _Correct, gradient: Callable[..., dict[str, Array]]) -> bool:
    """Tell whether the wrong gradient lies far enough from the right one, anywhere."""
    wrong = gradient(item.sample.x, item.sample.t)
    return any(
        bool(np.any(np.abs(wrong[name] - right) > _VISIBLE * item.report.params[name].bound))
        for name, right in item.gradient.items()
    )


def _weakest(trials: Sequence[_Trial]) -> _Trial:
    """Return the trial that was failed least clearly; one that changes nothing is none."""
    return min(trials, key=lambda t: (t.report is None, t.verdict == "fail", t.ratio))


def _print_table(console: Console, trials: Sequence[_Trial]) -> None:
    console = _wide(console)
    table = Table(box=None, pad_edge=False, header_style="default")
    places, ratios = console.width >= _FOR_PLACES, console.width >= _FOR_RATIOS
    table.add_column("mistake", no_wrap=True)
    if places:
        table.add_column("planted in")
        table.add_column("of network")
    table.add_column("verdict", no_wrap=True)
    if ratios:
        table.add_column("error/bound", justify="right", no_wrap=True)
    table.add_column("diagnosis", no_wrap=True)
    for trial in trials:
        verdict = Text(trial.verdict, style="green" if trial.verdict == "fail" else "bold red")
        findings = () if trial.report is None else trial.report.findings
        kind = findings[0].kind if findings else "-"
        where = (trial.place, trial.network) if places else ()
        ratio = (f"{trial.ratio:.1e}",) if ratios else ()
        table.add_row(trial.mistake, *where, verdict, *ratio, kind)
    console.print(table)


def _print_list() -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for mistake in MISTAKES.values():
        table.add_row(mistake.name, mistake.summary)
    _wide(Console()).print(table)


def _wide(console: Console) -> Console:
    return console if console.is_terminal else Console(width=_WIDTH)
