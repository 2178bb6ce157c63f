"""One call of the kernel: some panels of a template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.scratch import Scratch
from fastcheck.engine.incremental.template import Template
from fastcheck.engine.kernels.propagate import propagate


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the kernel fills for one parameter, element by element.

    Attributes
    ----------
    moved
        float64 (elements, points): the difference of the loss at each point.
    steps
        float64 (elements,): h.
    bits
        uint8 (elements,): CROSSED, NEAR and COARSE of `fastcheck.engine.kernels.layout`.
    """

    moved: NDArray[np.float64]
    steps: NDArray[np.float64]
    bits: NDArray[np.uint8]

    @classmethod
    def empty(cls, elements: int, points: int) -> Outcome:
        """Return one in which nothing moves."""
        return cls(np.zeros((elements, points)), np.ones(elements), np.zeros(elements, np.uint8))


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
    lanes = template.entries.shape[1]
    scratch.fit(template, points=points.size, panels=stop - start)
    propagate(
        template.instructions,
        template.stages,
        template.tables,
        memory,
        template.sources,
        template.gathering,
        scratch.rows,
        scratch.bounds,
        scratch.flags,
        scratch.moving,
        scratch.members,
        scratch.slots,
        template.most,
        np.arange(lanes),
        scratch.units,
        scratch.panels,
        scratch.sums,
        template.samples,
        template.loss_row,
        template.entries,
        start,
        stop,
        only,
        points,
        step,
        refinements,
        general,
        outcome.moved,
        outcome.steps,
        outcome.bits,
    )


def kernel_is_loaded() -> bool:
    """Tell whether this process has compiled the kernel, or has loaded it from disk."""
    return bool(getattr(propagate, "signatures", True))


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
