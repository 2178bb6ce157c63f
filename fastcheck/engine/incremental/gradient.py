"""The numerical gradient by propagated differences, on threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.first_build import share_first_build
from fastcheck.engine.first_call import is_loaded, load
from fastcheck.engine.incremental.cost import ranges_of
from fastcheck.engine.incremental.panels import run_no_panel, run_panels
from fastcheck.engine.incremental.prepared import Prepared, prepared
from fastcheck.engine.incremental.proof import LossAt, Trial, prove, replayed_loss, tried
from fastcheck.engine.incremental.schemes import Scheme, scheme_of
from fastcheck.engine.incremental.scratch import Scratch
from fastcheck.engine.incremental.template import Template
from fastcheck.engine.kernels.arguments import Outcome
from fastcheck.engine.kernels.layout import CROSSED, NEAR
from fastcheck.engine.kernels.propagate import REFINEMENTS, propagate
from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.engine.steps import INCREMENTAL_STEP, SMALLEST_STEP
from fastcheck.engine.workers import Progress, usable_threads, work_through
from fastcheck.errors import InvalidArgument, check_positive
from fastcheck.program import Program


@dataclass(frozen=True, slots=True)
class _Job:
    """Panels of a template; elements that have a template of their own, if there is none yet."""

    name: str
    template: Template | None
    start: int
    stop: int
    elements: int


def incremental_gradient(
    program: Program,
    *,
    names: Sequence[str],
    step: float | None = None,
    scheme: str = "central",
    threads: int | None = None,
    progress: Progress | None = None,
    loss_at: LossAt | None = None,
) -> NumericalGradient:
    """Return finite differences of a program's loss that lose nothing to cancellation.

    Parameters
    ----------
    program
        The recorded loss. What is prepared for it is kept as long as it lives.
    names
        The parameters to perturb.
    step
        h, taken as it is; by default INCREMENTAL_STEP, and less where that crosses a switch.
    scheme
        One of `fastcheck.engine.incremental.schemes.SCHEMES`.
    threads
        Workers; by default the CPUs this process may use. The result is the same bit for bit for
        any number.
    progress
        Called with (elements done, elements in all).
    loss_at
        The user's own loss with one element moved, for the proof; by default the program's.

    Raises
    ------
    InvalidArgument
        If `step` or `threads` is out of range; UnknownChoice if `scheme` is none.
    InternalError
        If the proof fails.
    """
    threads = usable_threads(threads)
    formula = scheme_of(scheme)
    h = INCREMENTAL_STEP
    if step is not None:
        h = check_positive("step", step, remedy="leave it out to let fastcheck choose")
        if h < SMALLEST_STEP:
            raise InvalidArgument(
                f"step={h!r} is below {SMALLEST_STEP:.1e}, where differences underflow; "
                "leave it out to let fastcheck choose"
            )
    began = perf_counter()
    ready = prepared(program)
    with ready.lock:
        jobs = _jobs(ready, names, formula.points.size)
        if jobs and not is_loaded(propagate):
            share_first_build()
            template, memory, *_ = _laid_out(ready, jobs[0])
            load(propagate, partial(run_no_panel, template, memory))
    outcomes = {name: Outcome.empty(program.base[name].size, formula.points.size) for name in names}
    laid_out = perf_counter()

    def worker() -> Callable[[_Job], None]:
        scratch = Scratch()

        def work(job: _Job) -> None:
            template, memory, start, stop = _laid_out(ready, job)
            run_panels(
                template,
                memory,
                scratch,
                outcomes[job.name],
                points=formula.points,
                step=h,
                refinements=REFINEMENTS if step is None else 0,
                start=start,
                stop=stop,
            )

        return work

    to_prove = loss_at is not None or not ready.proven.issuperset(names)
    trials: list[Trial] = []

    def try_steps() -> None:
        if to_prove:
            trials.extend(tried(program, names, loss_at or replayed_loss(program)))

    # The user's code runs in this thread while the others propagate.
    work_through(jobs, worker, threads=threads, progress=progress, meanwhile=try_steps)
    done = perf_counter()
    result = NumericalGradient(
        parameters={
            name: _differences(outcome, formula, program.base[name].shape)
            for name, outcome in outcomes.items()
        },
        engine="incremental",
        loss=ready.templates.base.loss,
        unit_roundoff=0.0,
        forward_roundoff=program.unit_roundoff,
        sees_switches=True,
        step=h,
        threads=min(threads, max(1, len(jobs))),
        seconds=done - laid_out,
        setup_seconds=laid_out - began,
        order=formula.order,
    )
    if to_prove:
        prove(ready, names, trials, result)
        ready.proven.update(names)
    proof_seconds = perf_counter() - done
    return replace(result, setup_seconds=result.setup_seconds + proof_seconds)


def _laid_out(ready: Prepared, job: _Job) -> tuple[Template, NDArray[np.float64], int, int]:
    """Return a job's template, the memory that it reads, and its panels: the first and the end."""
    if job.template is not None:
        return job.template, ready.templates.memory, job.start, job.stop
    with ready.lock:
        own = ready.templates.fork()
    return own.of_chunk(job.name, job.start, job.stop), own.memory, 0, 1


def _jobs(ready: Prepared, names: Sequence[str], points: int) -> list[_Job]:
    jobs: list[_Job] = []
    for name in names:
        templates = ready.kept(name)
        if templates is None:
            jobs += [
                _Job(name, None, start, stop, stop - start)
                for start, stop in ready.templates.chunks(name)
            ]
            continue
        for template in templates:
            lanes = template.route.entries.shape[1]
            bounds = ranges_of(template, points)
            jobs += [_Job(name, template, a, b, (b - a) * lanes) for a, b in pairwise(bounds)]
    return jobs


def _differences(outcome: Outcome, scheme: Scheme, shape: tuple[int, ...]) -> ParameterDifferences:
    slopes = outcome.moved / outcome.steps[:, None]
    used = scheme.weights != 0.0  # 0 * inf would be nan
    value = slopes[:, used] @ scheme.weights[used]
    return ParameterDifferences(
        central=value.reshape(shape),
        left=-slopes[:, 1].reshape(shape),
        right=slopes[:, 0].reshape(shape),
        step=outcome.steps.reshape(shape),
        switched=(outcome.bits & (CROSSED | NEAR) != 0).reshape(shape),
        crossed=(outcome.bits & CROSSED != 0).reshape(shape),
    )
