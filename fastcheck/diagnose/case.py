"""What is diagnosed: the gradients of all parameters, right and wrong, and what they came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.program import Program

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Suspect:
    """One parameter; all arrays have its shape, float64 but for `failed`.

    Attributes
    ----------
    name
        The parameter.
    value
        Where the gradient was taken.
    analytic, numerical
        The backprop's gradient and the numerical one.
    bound
        How far a correct backprop may lie from the numerical gradient.
    failed
        bool: the elements to be explained.
    """

    name: str
    value: Array
    analytic: Array
    numerical: Array
    bound: Array
    failed: NDArray[np.bool_]

    @property
    def residual(self) -> Array:
        """What is too much: the backprop's gradient less the numerical one."""
        return self.analytic - self.numerical

    @property
    def wrong(self) -> bool:
        """Whether any element failed."""
        return bool(np.any(self.failed))

    @property
    def visible(self) -> NDArray[np.bool_]:
        """The elements that are not lost in their bound."""
        return np.abs(self.numerical) > self.bound


@dataclass(frozen=True, slots=True)
class Case:
    """A gradient check in which something failed, or is only approximately right.

    Attributes
    ----------
    suspects
        All checked parameters by name, in the model's order, right ones too.
    batch
        N, the number of samples.
    classes
        C, the number of columns of the scores, None where there are none.
    again
        The model's own gradient at another batch, a callable of x and t; None where it may not be
        called.
    x, t
        The batch.
    program
        The recorded loss; None where it could not be recorded.
    model
        The code under test; its layers are asked one by one, where it has any.
    unit_roundoff
        That of the backprop's dtype.
    positions
        How many targets every sample has, as in a sequence of labels.
    """

    suspects: Mapping[str, Suspect]
    batch: int
    classes: int | None
    again: Callable[[Any, Any], Mapping[str, NDArray[Any]]] | None
    x: Any
    t: Any
    program: Program | None
    model: Any
    unit_roundoff: float = 2.0**-53
    positions: int = 1

    @property
    def wrong(self) -> tuple[str, ...]:
        """The names of the parameters with failed elements, in the model's order."""
        return tuple(name for name, suspect in self.suspects.items() if suspect.wrong)

    @property
    def targets(self) -> Array | None:
        """The targets as rows of C numbers, labels as one-hot rows; None where they are neither."""
        try:
            t = np.asarray(self.t)
        except ValueError:
            return None
        if t.dtype.kind not in "biuf" or self.positions > 1:
            return None
        if t.ndim == 1 and t.dtype.kind in "iu" and self.classes is not None:
            inside = t.size > 0 and t.min() >= 0 and t.max() < self.classes
            return np.eye(self.classes)[t] if inside else None
        return np.asarray(t, np.float64) if t.ndim == 2 else None
