"""Backprop beside the numerical gradient, parameter by parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient
from fastcheck.report import ParameterReport
from fastcheck.report.layers import units_last
from fastcheck.verdict import Bounds, judge


def largest_gradient(result: NumericalGradient) -> float:
    """Return the largest finite |g| of the parameters that are checked."""
    return max(
        (
            float(np.max(np.abs(item.central), where=np.isfinite(item.central), initial=0.0))
            for item in result.parameters.values()
        ),
        default=0.0,
    )


def compared(
    result: NumericalGradient,
    analytic: Mapping[str, NDArray[Any]],
    opinion: Mapping[str, NDArray[np.float64]],
    *,
    scale: float,
    bounds: Mapping[str, Bounds],
    rtol: float | None,
    strict: bool,
) -> dict[str, ParameterReport]:
    """Return the report of every parameter.

    Parameters
    ----------
    result
        The numerical gradient.
    analytic
        The backprop's gradients, of the same shapes.
    opinion
        Another library's gradients; empty where none was asked.
    scale
        The largest |g| of the model.
    bounds
        As of `bounds_of`; empty where losses were subtracted.
    rtol, strict
        As for `judge`.
    """
    shapes = {name: item.central.shape for name, item in result.parameters.items()}
    reports = {}
    for name, numerical in result.parameters.items():
        known = bounds.get(name)
        verdict = judge(
            analytic[name], numerical, result, scale=scale, bounds=known, rtol=rtol, strict=strict
        )
        reports[name] = ParameterReport(
            name=name,
            analytic=np.array(analytic[name]),
            numerical=numerical.central,
            bound=verdict.bound,
            codes=verdict.codes,
            left=numerical.left,
            right=numerical.right,
            switched=numerical.switched,
            second_opinion=opinion.get(name),
            kink=None if known is None else known.kink,
            units_last=units_last(name, shapes),
        )
    return reports
