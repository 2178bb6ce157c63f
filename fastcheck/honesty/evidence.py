"""What was seen of the code under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.verdict import Finding


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one examination of a model saw.

    Attributes
    ----------
    gradient
        The backprop's gradient: for every parameter that is checked a copy, made right after the
        call, of the parameter's shape and of real numbers; nan where the model gave none.
    unchecked
        What it gave for the other parameters, as far as these are arrays of real numbers.
    accuracy
        The model's own, None where it has none or it raised.
    findings
        What is wrong besides the values, and notes.
    notes
        What could not be examined, and why.
    repeat
        The gradient of a second call, of those parameters for which it is not the same to the last
        bit; for `judged_repeat`.
    """

    gradient: Mapping[str, NDArray[Any]]
    unchecked: Mapping[str, NDArray[Any]]
    accuracy: float | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    repeat: Mapping[str, NDArray[Any]]

    @property
    def largest(self) -> float:
        """The largest finite |g| of the parameters that are not checked, 0 if there is none."""
        return max(
            (
                float(np.max(np.abs(item), where=np.isfinite(item), initial=0.0))
                for item in self.unchecked.values()
            ),
            default=0.0,
        )
