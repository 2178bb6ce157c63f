"""What an engine returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ParameterDifferences:
    """The numerical gradient of one parameter; all arrays have the parameter's shape.

    Attributes
    ----------
    central
        float64: (L(w + h) - L(w - h)) / 2h, or what another scheme gives in its place.
    left, right
        float64: the one-sided differences, (L(w) - L(w - h)) / h and (L(w + h) - L(w)) / h.
    step
        float64: the h of each element.
    switched
        bool: a switch of the program (the side of a ReLU, the winner of a max) lies between w - h
        and w + h, or is so close to w that rounding decides it. Where an engine cannot see
        switches, all False.
    crossed
        bool: of these, where a switch lies between that rounding does not decide; from an engine
        that cannot tell, all of them.
    """

    central: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    step: NDArray[np.float64]
    switched: NDArray[np.bool_]
    crossed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class NumericalGradient:
    """The numerical gradient of the chosen parameters.

    Attributes
    ----------
    parameters
        By name, in the model's order.
    engine
        "incremental", "full" or "reference".
    loss
        The loss at the base point.
    unit_roundoff
        Of the arithmetic in which the losses were computed that were subtracted; 0 where the
        difference itself was computed.
    forward_roundoff
        Of the arithmetic of the model's own loss.
    sees_switches
        Whether `ParameterDifferences.switched` means anything.
    step
        The step asked for, or the engine's own.
    threads
        How many worked.
    seconds
        Wall time of the differences alone.
    setup_seconds
        Wall time of laying out the program, of compiling the kernels or loading them from disk, and
        of the proof where there is one.
    order
        Of the scheme: truncation goes with this power of the step.
    """

    parameters: Mapping[str, ParameterDifferences]
    engine: str
    loss: float
    unit_roundoff: float
    forward_roundoff: float
    sees_switches: bool
    step: float
    threads: int
    seconds: float
    setup_seconds: float = 0.0
    order: int = 2
