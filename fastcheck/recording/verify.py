"""A recording is believed only after it reproduces the user's loss.

At the recorded parameters and at six perturbed ones, from small to large steps, the program's loss
in float64 must be the user's to the rounding of the user's dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.model import restored
from fastcheck.primitives.running_error import ALLOWANCE
from fastcheck.program import Program, evaluate, values_at
from fastcheck.program.forward_error import forward_errors

# Relative steps of the perturbed points, each group along a direction of its own. The small ones
# stay on the recorded side of most switches, the large ones cross many, so that a decision taken
# for granted is found out. Two steps go both ways: what a decision hangs on moves to first order by
# opposite amounts, one of them towards the threshold. At each of seven distances of the threshold
# from 1e-5 to 0.1 these six found more of 900 such decisions than ten points in random directions.
STEPS = ((1e-6,), (1e-3, -1e-3), (3e-2,), (1e-1, -1e-1))

# The standard deviation of a byte, and so of a direction.
_SPREAD = math.sqrt((256**2 - 1) / 12)

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
    with restored(parameters) as before:
        for step in _points(parameters, before):
            wanted = _outcome(loss)
            got = evaluate(program, parameters)
            if isinstance(wanted, str) or not (
                _agree(got, wanted, program) or _is_rounding(abs(got - wanted), program, parameters)
            ):
                return (
                    f"at parameters perturbed by {abs(step):g} of their size the recording gives "
                    f"the loss {got!r}, the code itself "
                    f"{wanted if isinstance(wanted, str) else repr(wanted)}"
                )
    return None


def _points(
    parameters: Mapping[str, NDArray[Any]], before: Mapping[str, NDArray[Any]]
) -> Iterator[float]:
    """Bring the parameters to one point after the other, and yield its step; 0.0 comes first."""
    yield 0.0
    rng = np.random.default_rng(0)
    units = {name: _typical_size(array) / _SPREAD for name, array in before.items()}
    for steps in STEPS:
        # Uniform, from bytes: to draw normal numbers takes longer than to compute most losses.
        directions = {
            name: rng.integers(-128, 128, array.shape, np.int8) + 0.5
            for name, array in before.items()
        }
        for step in steps:
            for name, array in parameters.items():
                np.multiply(directions[name], step * units[name], out=array, casting="same_kind")
                np.add(array, before[name], out=array)
            yield step


def _outcome(loss: Callable[[], float]) -> float | str:
    """Return the loss, or what it raised."""
    try:
        with np.errstate(all="ignore"):  # an overflow so far out is no news to the user
            return loss()
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        return f"raises {type(error).__name__}: {error}"


def _agree(got: float, wanted: float, program: Program) -> bool:
    if not math.isfinite(wanted):
        return not math.isfinite(got) or program.unit_roundoff > np.finfo(np.float64).eps
    scale = max(abs(wanted), abs(program.loss))
    return abs(got - wanted) <= ROUNDING_FACTOR * program.unit_roundoff * scale


def _is_rounding(distance: float, program: Program, parameters: Mapping[str, NDArray[Any]]) -> bool:
    """Tell whether rounding may have taken the user's loss so far, as where its terms cancel."""
    errors = forward_errors(program, values_at(program, parameters))
    allowed = ALLOWANCE * float(np.max(errors[program.output]))
    return math.isfinite(allowed) and distance <= allowed


def _typical_size(array: NDArray[Any]) -> float:
    size = float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) if array.size else 0.0
    return size if size > 0.0 else 1.0
