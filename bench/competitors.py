"""Who takes part: the rows of the table and the benchmarks of bench_gradient.py, bench_peers.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastcheck
from bench.cases import Case, Sizes, example_case, nn_case
from bench.entrant import Entrant, itself, no_gradient
from bench.peers import peers
from fastcheck import Program, Report
from fastcheck.engine.steps import REFERENCE_STEP

REFERENCE = "reference loop"
ONE_THREAD = "full engine, 1 thread"
TWO_THREADS = "full engine, 2 threads"
EXAMPLE = "full engine, 2 threads, plain-NumPy example"
GRADCHECK = "gradcheck as a whole, 2 threads"
RECORDING = "recording alone"
BACKPROP = "NumPy backprop alone"


def entrants(sizes: Sizes) -> dict[str, Entrant]:
    """Return all competitors by name, in the order of their turns: the reference loop first."""
    classic, example = nn_case(sizes), example_case(sizes)
    program = fastcheck.record(classic.model, classic.x, classic.t)
    everyone = (
        _reference(classic),
        *peers(classic, example),
        _engine(ONE_THREAD, classic, program, 1, "the recorded loss, compiled"),
        _engine(TWO_THREADS, classic, program, 2, "the recorded loss, compiled"),
        _engine(
            EXAMPLE,
            example,
            fastcheck.record(example.model, example.x, example.t),
            2,
            "from examples/classic_numpy.py; no second ReLU",
        ),
        _gradcheck(classic),
        _recording(classic),
        _backprop(classic),
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
    return Entrant(
        name=name,
        run=lambda: fastcheck.numerical_gradient(program, engine="full", threads=threads),
        warm_up=lambda: fastcheck.numerical_gradient(
            program, engine="full", threads=threads, params=["b2"]
        ),
        case=case,
        threads=threads,
        note=lambda _: note,
        gradient=itself,
    )


def _gradcheck(case: Case) -> Entrant:
    def check(**options: Any) -> Any:
        return fastcheck.gradcheck(case.model, case.x, case.t, engine="full", threads=2, **options)

    return Entrant(
        name=GRADCHECK,
        run=check,
        warm_up=lambda: check(params=["b2"]),
        case=case,
        threads=2,
        note=lambda report: f"recording, engine, backprop, report; {_verdict(report)}",
        gradient=lambda report: {name: item.numerical for name, item in report.params.items()},
    )


def _recording(case: Case) -> Entrant:
    def run() -> Program:
        return fastcheck.record(case.model, case.x, case.t)

    return Entrant(
        name=RECORDING,
        run=run,
        warm_up=run,
        calls=5,
        case=case,
        threads=1,
        note=lambda program: (
            f"{len(program.operations)} operations; replayed against the loss before it is believed"
        ),
        gradient=no_gradient,
    )


def _backprop(case: Case) -> Entrant:
    def run() -> Any:
        return case.model.gradient(case.x, case.t)

    return Entrant(
        name=BACKPROP,
        run=run,
        warm_up=run,
        calls=50,
        case=case,
        threads=1,
        note=lambda _: "no numerical gradient: what is checked, with its own rounding error",
        gradient=itself,
    )


def _short(step: float) -> str:
    return np.format_float_scientific(step, trim="-", exp_digits=1)


def _verdict(report: Report) -> str:
    kinks = sum(item.counts["kink"] for item in report.params.values())
    return f"verdict: {report.verdict}" + (f", {kinks:,} weights at kinks" if kinks else "")
