"""Who takes part: the rows of the classic table, and bench_gradient.py, bench_peers.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import fastcheck
from bench.cases import Case, Sizes, example_case, nn_case
from bench.entrant import Entrant, itself, no_gradient
from bench.peers import peers
from fastcheck import Program, Report
from fastcheck.engine.steps import REFERENCE_STEP

REFERENCE = "reference loop"
PROGRAM = "fastcheck, recorded before"
ONE_THREAD = "fastcheck, recorded before, 1 thread"
BARE = "fastcheck, recording and proof included"
GRADCHECK = "fastcheck, gradcheck with everything"
EXAMPLE = "fastcheck, plain-NumPy example, recorded before"
FULL = "fastcheck, full engine"
RECORDING = "recording alone"
LOSS = "the loss alone, once"
BACKPROP = "NumPy backprop alone"

_SHORT = 20  # calls in a turn, where one takes milliseconds


def entrants(sizes: Sizes) -> dict[str, Entrant]:
    """Return all competitors by name, in the order of their turns: the reference loop first."""
    classic, example = nn_case(sizes), example_case(sizes)
    program = fastcheck.record(classic.model, classic.x, classic.t)
    from_example = fastcheck.record(example.model, example.x, example.t)
    everyone = (
        _reference(classic),
        *peers(classic, example),
        _full(classic, program),
        _engine(PROGRAM, classic, program, 2, "numerical gradient of a Program"),
        _engine(ONE_THREAD, classic, program, 1, "the same, on one thread"),
        _bare(classic),
        _gradcheck(classic),
        _engine(EXAMPLE, example, from_example, 2, "examples/classic_numpy.py; no second ReLU"),
        _recording(classic),
        _alone(
            LOSS,
            classic,
            lambda: classic.model.loss(classic.x, classic.t),
            no_gradient,
            "NumPy; the reference loop calls it twice for every weight",
        ),
        _alone(
            BACKPROP,
            classic,
            lambda: classic.model.gradient(classic.x, classic.t),
            itself,
            "no numerical gradient: what is checked, with its own rounding error",
        ),
    )
    return {entrant.name: entrant for entrant in everyone}


def _reference(case: Case) -> Entrant:
    return Entrant(
        name=REFERENCE,
        run=lambda: fastcheck.numerical_gradient(case.model, case.x, case.t, engine="reference"),
        warm_up=lambda: case.model.loss(case.x, case.t),
        case=case,
        threads=1,
        note=lambda _: f"NumPy, called twice for every weight; h = {_short(REFERENCE_STEP)}",
        gradient=itself,
    )


def _engine(name: str, case: Case, program: Program, threads: int, note: str) -> Entrant:
    def run() -> Any:
        return fastcheck.numerical_gradient(program, threads=threads)

    return Entrant(
        name=name,
        run=run,
        warm_up=run,
        calls=_SHORT,
        case=case,
        threads=threads,
        note=lambda _: note,
        gradient=itself,
    )


def _full(case: Case, program: Program) -> Entrant:
    def run(**options: Any) -> Any:
        return fastcheck.numerical_gradient(program, engine="full", threads=2, **options)

    return Entrant(
        name=FULL,
        run=run,
        warm_up=lambda: run(params=["b2"]),
        turns=1,
        case=case,
        threads=2,
        note=lambda _: "the whole recorded loss twice for every weight, compiled",
        gradient=itself,
    )


def _bare(case: Case) -> Entrant:
    def run() -> Any:
        return fastcheck.numerical_gradient(case.model, case.x, case.t, threads=2)

    return Entrant(
        name=BARE,
        run=run,
        warm_up=run,
        calls=_SHORT,
        case=case,
        threads=2,
        note=lambda _: "numerical gradient of the model as it is",
        gradient=itself,
    )


def _gradcheck(case: Case) -> Entrant:
    def run() -> Report:
        return fastcheck.gradcheck(case.model, case.x, case.t, threads=2)

    return Entrant(
        name=GRADCHECK,
        run=run,
        warm_up=run,
        calls=_SHORT,
        case=case,
        threads=2,
        note=lambda report: (
            f"recording, proof, engine {report.engine}, backprop, report; {_verdict(report)}"
        ),
        gradient=lambda report: {name: item.numerical for name, item in report.params.items()},
    )


def _recording(case: Case) -> Entrant:
    def run() -> Program:
        return fastcheck.record(case.model, case.x, case.t)

    return Entrant(
        name=RECORDING,
        run=run,
        warm_up=run,
        calls=_SHORT,
        case=case,
        threads=1,
        note=lambda program: (
            f"{len(program.operations)} operations; replayed against the loss before it is believed"
        ),
        gradient=no_gradient,
    )


def _alone(
    name: str, case: Case, run: Callable[[], Any], gradient: Callable[[Any], Any], note: str
) -> Entrant:
    return Entrant(
        name=name,
        run=run,
        warm_up=run,
        calls=200,
        case=case,
        threads=1,
        note=lambda _: note,
        gradient=gradient,
    )


def _short(step: float) -> str:
    return np.format_float_scientific(step, trim="-", exp_digits=1)


def _verdict(report: Report) -> str:
    kinks = sum(item.counts["kink"] for item in report.params.values())
    return f"verdict: {report.verdict}" + (f", {kinks:,} weights at kinks" if kinks else "")
