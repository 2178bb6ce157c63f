"""Arrays that the forward multiplies by, such as a dropout mask, got wrong in the backward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastcheck.diagnose.case import Array
from fastcheck.diagnose.hypothesis import Change
from fastcheck.diagnose.sweep import Part, Sweep

_ROUNDINGS = 8.0


def wrong_masks(sweep: Sweep) -> Iterator[Change]:
    """Yield what comes of a constant array that is left out of the backward, or another there."""
    for operation in reversed(sweep.program.operations):
        above = sweep.adjoints.get(operation.output)
        if operation.primitive.name != "multiply" or above is None:
            continue
        for number, other in (operation.inputs, operation.inputs[::-1]):
            shape = sweep.arrays[operation.output].shape
            if sweep.moves(other) or sweep.arrays[number].shape != shape:
                continue
            mask = np.broadcast_to(sweep.arrays[other], shape)
            for message, wrong in _others(mask):
                excess = wrong - mask
                rounding = _ROUNDINGS * sweep.roundoff(operation.output)
                error = np.abs(excess) * above.error
                error += rounding * np.abs(above.value) * (np.abs(wrong) + np.abs(mask))
                yield Change("mask", message, number, Part(excess * above.value, error))


def _others(mask: Array) -> Iterator[tuple[str, Array]]:
    if np.ptp(mask) == 0:  # a factor, not a mask
        return
    without = "the backward does not multiply by the array that the forward multiplies by"
    yield f"{without}, such as a dropout mask", np.ones_like(mask)
    kept = mask != 0
    if np.all(kept):
        return
    inverted = np.where(kept, 0.0, np.max(np.abs(mask)))
    yield "the dropout mask is inverted; it is the forward's", inverted
