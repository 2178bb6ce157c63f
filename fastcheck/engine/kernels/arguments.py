"""What the kernels are given, in three groups: what to do, room to do it in, and what to fill."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Route(NamedTuple):
    """A template with the base values that it reads: only read, shared by all workers.

    Attributes
    ----------
    instructions, tables
        int64: see `fastcheck.engine.kernels.layout`.
    stages
        int64 (6,): where the instructions end that run once per panel, the seeds that run for each
        sample, what else runs for each sample, and what runs afterwards; whether a sample runs even
        if none of its seeds moves; the switch on the seeds, -1 for none, that leaves some lanes
        behind.
    memory
        float64: base values and coefficients.
    sources
        int64 (slots, 3): the address of each list of base values that differ from lane to lane, and
        its sample and panel steps.
    most
        float64 (slots,): the largest size of any of them, over all samples and panels.
    gathering
        int64: the rows that add up over the samples.
    entries
        int64 (panels, lanes): the parameter's elements.
    samples
        How often the sample stages run.
    loss_row
        The row of the loss; row 0 if it does not move.
    """

    instructions: NDArray[np.int64]
    tables: NDArray[np.int64]
    stages: NDArray[np.int64]
    memory: NDArray[np.float64]
    sources: NDArray[np.int64]
    most: NDArray[np.float64]
    gathering: NDArray[np.int64]
    entries: NDArray[np.int64]
    samples: int
    loss_row: int


class Buffers(NamedTuple):
    """A worker's own room; nothing in it is needed from one call to the next.

    Attributes
    ----------
    rows
        float64: the differences, row by row.
    bounds
        float64 per row: no difference in it is larger.
    flags
        int64 per lane of a row.
    moving
        int64: the moving rows of a product.
    members
        float64 (4 n,): what the members of a group of n need.
    steps
        float64 (points,).
    slots
        float64: base values that differ from lane to lane, of the running lanes, slot after slot.
    every
        int64 (lanes,): 0, 1, 2, ...
    units, panels
        int64: the running lanes, and the panels side by side.
    sums
        float64: what adds up over the samples, for each panel.
    """

    rows: NDArray[np.float64]
    bounds: NDArray[np.float64]
    flags: NDArray[np.int64]
    moving: NDArray[np.int64]
    members: NDArray[np.float64]
    steps: NDArray[np.float64]
    slots: NDArray[np.float64]
    every: NDArray[np.int64]
    units: NDArray[np.int64]
    panels: NDArray[np.int64]
    sums: NDArray[np.float64]


class Outcome(NamedTuple):
    """What is filled for one parameter, element by element.

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
