"""A recording is believed only after it reproduces the user's loss.

At the recorded parameters and at ten perturbed ones, from small to large steps, the program's loss
in float64 must be the user's to the rounding of the user's dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.model import restored
from fastcheck.program import Program, evaluate

# Relative steps of the perturbed points, two draws of each: the small ones stay on the recorded
# side of most switches, the large ones cross many, so that a decision taken for granted is found
# out.
STEPS = (1e-6, 1e-4, 1e-3, 1e-2, 1e-1)
DRAWS = 2

# Rounding a loss accumulates: u times the length of its longest chain of sums (a few thousand
# here), amplified where terms cancel. 2**14 u is 1.8e-12 in float64 and 1e-3 in float32; a
# dependence that the recording lost changes the loss by about the step times its gradient, far
# above that for large steps.
ROUNDING_FACTOR = 2.0**14


def first_disagreement(
    program: Program, parameters: Mapping[str, NDArray[Any]], loss: Callable[[], float]
) -> str | None:
    """Return what the program gets wrong, or None.

    Parameters
    ----------
    program
        The recording.
    parameters
        The user's live arrays; perturbed in place and restored bit for bit.
    loss
        The user's loss at the present values of `parameters`.
    """
    rng = np.random.default_rng(0)
    scales = {name: _typical_size(array) for name, array in parameters.items()}
    for step in (0.0, *(step for step in STEPS for _ in range(DRAWS))):
        with restored(parameters):
            for name, array in parameters.items():
                noise = rng.standard_normal(array.shape)
                array[...] += (step * scales[name] * noise).astype(array.dtype)
            wanted = _outcome(loss)
            got = evaluate(program, parameters)
        if isinstance(wanted, str) or not _agree(got, wanted, program):
            return (
                f"at parameters perturbed by {step:g} of their size the recording gives the loss "
                f"{got!r}, the code itself {wanted if isinstance(wanted, str) else repr(wanted)}"
            )
    return None


def _outcome(loss: Callable[[], float]) -> float | str:
    """Return the loss, or what it raised."""
    try:
        with np.errstate(all="ignore"):  # an overflow so far out is no news to the user
            return loss()
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        return f"raises {type(error).__name__}: {error}"


def _agree(got: float, wanted: float, program: Program) -> bool:
    if not np.isfinite(wanted):
        return not np.isfinite(got) or program.unit_roundoff > np.finfo(np.float64).eps
    scale = max(abs(wanted), abs(program.loss))
    return abs(got - wanted) <= ROUNDING_FACTOR * program.unit_roundoff * scale


def _typical_size(array: NDArray[Any]) -> float:
    size = float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) if array.size else 0.0
    return size if size > 0.0 else 1.0
