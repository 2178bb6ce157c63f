"""The comparison for one parameter, and its entries: numbers only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.report.resolution import (
    Resolution,
    Vacuity,
    relative_bounds,
    resolution,
    vacuity,
)
from fastcheck.verdict import CODES, FAIL, INCONCLUSIVE, VERDICTS, overall


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of one parameter.

    `error` is |analytic - numerical|, `bound` how large it may be for a correct gradient,
    `second_opinion` what another library's autograd says, None where it was not asked, `pixel` the
    row and column of the pixel that a weight reads, None where it reads none.
    """

    name: str
    index: tuple[int, ...]
    analytic: float
    numerical: float
    error: float
    bound: float
    verdict: str
    second_opinion: float | None = None
    pixel: tuple[int, int] | None = None

    @property
    def label(self) -> str:
        """Where it is, such as "W1[405, 7] (pixel 14, 13)"."""
        text = f"{self.name}[{', '.join(map(str, self.index))}]"
        return text if self.pixel is None else f"{text} (pixel {self.pixel[0]}, {self.pixel[1]})"


@dataclass(frozen=True)
class ParameterReport:
    """The comparison for one parameter; all arrays have its shape.

    Attributes
    ----------
    name
        The parameter.
    analytic, numerical
        The backprop's gradient as it came, and the numerical one, float64.
    bound
        float64: how far a correct backprop may lie from the numerical gradient.
    codes
        uint8: positions in `fastcheck.verdict.VERDICTS`.
    left, right
        float64: the one-sided slopes.
    switched
        bool: a kink or a jump of the network lies within the step.
    second_opinion
        float64: the gradient by another library's autograd, None where none was asked for.
    kink
        float64: half of how far correct gradients may lie apart, since switches of the network are
        within rounding of where it stands; 0 where there are none. None where that is not known.
    units_last
        Of a weight, whether it has a column for each unit; else a row.
    """

    name: str
    analytic: NDArray[Any]
    numerical: NDArray[np.float64]
    bound: NDArray[np.float64]
    codes: NDArray[np.uint8]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    switched: NDArray[np.bool_]
    second_opinion: NDArray[np.float64] | None = None
    kink: NDArray[np.float64] | None = None
    units_last: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """The parameter's shape."""
        return self.numerical.shape

    @property
    def verdicts(self) -> NDArray[np.str_]:
        """Every element's verdict in words, an array of the parameter's shape."""
        return np.array(VERDICTS)[self.codes]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many elements got each verdict."""
        numbers = np.bincount(self.codes.reshape(-1), minlength=len(VERDICTS))
        return {name: int(numbers[code]) for name, code in CODES.items()}

    @property
    def verdict(self) -> str:
        """The verdict on the parameter."""
        return overall(name for name, count in self.counts.items() if count)

    @cached_property
    def error(self) -> NDArray[np.float64]:
        """|analytic - numerical|, float64."""
        with np.errstate(invalid="ignore"):
            return np.abs(self.analytic.astype(np.float64) - self.numerical)

    @property
    def mean_abs_error(self) -> float:
        """The mean of |analytic - numerical|, the classic figure."""
        return float(np.mean(self.error)) if self.error.size else 0.0

    @property
    def max_abs_error(self) -> float:
        """The largest |analytic - numerical|."""
        return float(np.max(self.error, initial=0.0))

    @property
    def max_rel_error(self) -> float:
        """The largest |a - g| / max(|a|, |g|), 0 where both are 0."""
        size = np.maximum(np.abs(self.analytic.astype(np.float64)), np.abs(self.numerical))
        relative = np.divide(self.error, size, out=np.zeros(self.shape), where=size != 0)
        return float(np.max(relative, initial=0.0))

    @cached_property
    def relative_bounds(self) -> NDArray[np.float64]:
        """B/|g| of the elements with g != 0, 1-D: the smallest relative errors that would fail."""
        return relative_bounds(self.bound, self.numerical)

    @cached_property
    def resolution(self) -> Resolution:
        """How small a relative error could have been seen."""
        return resolution([self.relative_bounds])

    @cached_property
    def vacuity(self) -> Vacuity:
        """The elements that are zero on both sides, and why."""
        return vacuity(self.name, self.analytic, self.numerical, units_last=self.units_last)

    def worst(self, count: int = 5) -> list[Entry]:
        """Return the `count` elements with the largest error over bound, fails first."""
        return [self._entry(int(flat)) for flat in self._worst_first[:count]]

    def unsettled(self, count: int = 5) -> list[Entry]:
        """Return the worst `count` elements that fail or are inconclusive, fails first."""
        codes = self.codes.reshape(-1)[self._worst_first]
        order = self._worst_first[np.isin(codes, (FAIL, INCONCLUSIVE))]
        return [self._entry(int(flat)) for flat in order[:count]]

    @cached_property
    def _worst_first(self) -> NDArray[np.intp]:
        error = self.error.reshape(-1)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            ratio = error / self.bound.reshape(-1)
        # What cannot be compared comes first: nothing is worse.
        ratio = np.where(np.isnan(ratio), np.where(error == 0, 0.0, np.inf), ratio)
        order = np.argsort(-ratio, kind="stable")
        # A fail outside every bound comes before a kink, whose error may be larger.
        failed = self.codes.reshape(-1)[order] == FAIL
        return np.concatenate([order[failed], order[~failed]])

    def _entry(self, flat: int) -> Entry:
        index = tuple(int(i) for i in np.unravel_index(flat, self.shape))
        return Entry(
            name=self.name,
            index=index,
            analytic=float(self.analytic[index]),
            numerical=float(self.numerical[index]),
            error=float(self.error[index]),
            bound=float(self.bound[index]),
            verdict=VERDICTS[self.codes[index]],
            second_opinion=(
                None if self.second_opinion is None else float(self.second_opinion[index])
            ),
        )


def badness(entry: Entry) -> tuple[bool, float]:
    """Return a key that is larger for a worse entry: fails, then by error over bound."""
    ratio = entry.error / entry.bound if entry.bound else _over_zero(entry.error)
    return entry.verdict == VERDICTS[FAIL], math.inf if math.isnan(ratio) else ratio


def _over_zero(error: float) -> float:
    return 0.0 if error == 0 else math.inf
