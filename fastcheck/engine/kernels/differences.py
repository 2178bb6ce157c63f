"""Central differences of the whole loss, one parameter element after the other."""

from __future__ import annotations

from typing import Any

from fastcheck.engine.kernels.interpreter import run
from fastcheck.primitives.jit import entry_kernel, kernel

# Where a switch lies between the two evaluations, the step is divided by this ...
REFINEMENT = 16.0
# ... at most so often: from 2**-20 to 2**-28, where the rounding of a loss of size 1 over the step
# is 1e-7 and a smaller step would say less than the one-sided slopes do.
REFINEMENTS = 2


@kernel
def _differ(a: Any, b: Any) -> bool:
    different = 0
    for i in range(a.size):
        different += a[i] != b[i]
    return different > 0


@entry_kernel
def central_differences(
    instructions: Any,
    rows: Any,
    memory: Any,
    indices: Any,
    decisions: Any,
    output: int,
    first: int,
    start: int,
    stop: int,
    step: float,
    refinements: int,
    gradient: Any,
    left: Any,
    right: Any,
    refined: Any,
    switched: Any,
) -> None:
    """Fill ``gradient[e] = (L(w + h) - L(w - h)) / 2h`` for the elements ``start <= e < stop``.

    The divisor is the step really taken, the difference of the two numbers nearest to w + h and w -
    h.
    Where the two evaluations took different sides of a switch, h is divided by REFINEMENT, at most
    `refinements` times.

    Parameters
    ----------
    instructions, rows, memory, indices
        As for the interpreter; `memory` is this worker's own. It holds the base point on entry,
        and on exit again; an empty range only brings it there.
    decisions
        int32 (2, switches), this worker's own. Both rows are equal on entry, and on exit again.
    output
        Where in `memory` the loss lies.
    first
        Where in `memory` the parameter's element 0 lies.
    gradient, left, right
        float64, filled: the central difference, and the one-sided ones.
    refined
        int8, filled: how often h was divided.
    switched
        bool, filled: whether a switch still lies between the last two evaluations.
    """
    loss = memory[output]
    above, below = decisions[0], decisions[1]
    for element in range(start, stop):
        place = first + element
        saved = memory[place]
        h = step
        for attempt in range(refinements + 1):
            high = saved + h
            memory[place] = high
            run(instructions, rows, memory, indices, above)
            loss_high = memory[output]
            low = saved - h
            memory[place] = low
            run(instructions, rows, memory, indices, below)
            loss_low = memory[output]
            crossed = _differ(above, below)
            refined[element] = attempt
            smaller = h / REFINEMENT
            # Where w + h == w there is nothing to divide by.
            if not crossed or saved + smaller == saved or saved - smaller == saved:
                break
            h = smaller
        memory[place] = saved
        gradient[element] = (loss_high - loss_low) / (high - low)
        left[element] = (loss - loss_low) / (saved - low)
        right[element] = (loss_high - loss) / (high - saved)
        switched[element] = crossed
    run(instructions, rows, memory, indices, above)
    # Another parameter's rows leave the sides of these switches as they are.
    for i in range(above.size):
        below[i] = above[i]
