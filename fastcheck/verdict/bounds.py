"""How far a correct backprop may lie from the numerical gradient: B, element by element.

B is the sum of two bounds by running error analysis: the backprop's, with the roundoff of its
dtype, and the numerical gradient's, with that of float64. Both come from one sweep, see
`fastcheck.program.adjoint`; a difference that is propagated takes the same slopes the other way
round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import unit_roundoff
from fastcheck.program import Program, base_values
from fastcheck.program.adjoint import adjoints
from fastcheck.program.clipped import clipped_logarithms

_DOUBLE = 2.0**-53

# A difference that is carried forward is of the step's size, and loses up to 2^-1074 in every
# product that underflows. The rest of 2^74 is for how many those are, and for operations between
# the values whose adjoints are added up (1 / (p + 1e-7) within a clipped logarithm).
_FAINT = 2.0**-1000


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of a parameter's gradient beforehand; arrays are float64 of its shape.

    Attributes
    ----------
    bound
        B, without what the engine adds to it for a large step.
    size
        S: what the element would be if nothing cancelled in it.
    faint
        What a propagated difference may lose by underflow; to be divided by the step.
    centre, kink
        Every gradient that takes one side or the other at switches within rounding lies within
        `kink` of `centre`; `kink` is 0 where there are none.
    single
        Whether the gradient was made in less than float64.
    """

    bound: NDArray[np.float64]
    size: NDArray[np.float64]
    faint: float
    centre: NDArray[np.float64]
    kink: NDArray[np.float64]
    single: bool


def bounds_of(program: Program, analytic: Mapping[str, NDArray[Any]]) -> dict[str, Bounds]:
    """Return the bounds on the gradient by every parameter.

    Parameters
    ----------
    program
        The recorded loss.
    analytic
        The gradients to be judged: their dtypes count.
    """
    arrays, errors = base_values(program)
    clipped = clipped_logarithms(program)
    found = adjoints(program, arrays, errors, clipped)
    carried = adjoints(program, arrays, errors, {}) if clipped else found
    faint = _FAINT * sum(float(np.sum(np.abs(adjoint.value))) for adjoint in found.values())
    bounds = {}
    for name, gradient in analytic.items():
        shape = gradient.shape
        adjoint = found.get(program.parameters[name])
        if adjoint is None:  # the loss does not hang on it
            none = np.zeros(shape)
            bounds[name] = Bounds(none, none, 0.0, none, none, single=False)
            continue
        own = max(unit_roundoff(gradient.dtype), _DOUBLE)
        u = max(own, program.unit_roundoff)
        with np.errstate(all="ignore"):
            difference = carried[program.parameters[name]].error
            bound = adjoint.error + difference * (_DOUBLE / program.unit_roundoff)
            if own > program.unit_roundoff:
                # Nobody knows from where on the backward is in its dtype: it may add up in it.
                narrow = adjoint.error * (own / program.unit_roundoff)
                bound = bound + narrow + own * np.abs(adjoint.value)
        bound = np.where(np.isnan(bound), np.inf, bound)
        kink = np.zeros(shape) if adjoint.kink is None else adjoint.kink
        bounds[name] = Bounds(bound, adjoint.size, faint, adjoint.value, kink, single=u > _DOUBLE)
    return bounds
