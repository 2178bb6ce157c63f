"""One call of the kernel: some panels of a template."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.scratch import Scratch
from fastcheck.engine.incremental.template import Template
from fastcheck.engine.kernels.arguments import Outcome
from fastcheck.engine.kernels.propagate import propagate


def run_panels(
    template: Template,
    memory: NDArray[np.float64],
    scratch: Scratch,
    outcome: Outcome,
    *,
    points: NDArray[np.float64],
    step: float,
    refinements: int,
    start: int,
    stop: int,
    only: int = -1,
    general: bool = False,
) -> None:
    """Fill `outcome` for the panels ``start <= i < stop``; see `propagate`."""
    propagate(
        template.route._replace(memory=memory),
        scratch.fit(template, points=points.size, panels=stop - start),
        outcome,
        start,
        stop,
        only,
        points,
        step,
        refinements,
        general,
    )


def run_no_panel(template: Template, memory: NDArray[np.float64]) -> None:
    """Call the kernel for no panel at all: the first call compiles it, or loads it from disk."""
    points = np.ones(1)
    run_panels(
        template,
        memory,
        Scratch(),
        Outcome.empty(0, points.size),
        points=points,
        step=1.0,
        refinements=0,
        start=0,
        stop=0,
    )
