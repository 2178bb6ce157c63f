"""Backprop beside the numerical gradient, parameter by parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient
from fastcheck.report import ParameterReport
from fastcheck.verdict import Bounds, Finding, judge


def usable_gradients(
    gradient: Any, result: NumericalGradient
) -> tuple[dict[str, NDArray[Any]], tuple[Finding, ...]]:
    """Return one float array per parameter, nan where the model gave none, and what was wrong."""
    findings: list[Finding] = []
    if not isinstance(gradient, Mapping):
        kind = type(gradient).__name__
        findings.append(
            Finding(
                None,
                f"gradient returned {kind}, must be a dict like params: name to array",
                kind="missing",
            )
        )
        gradient = {}
    usable = {}
    for name, numerical in result.parameters.items():
        shape = numerical.central.shape
        problem = None
        array = np.asarray(gradient.get(name, np.nan))
        if name not in gradient:
            problem = (
                "gradient has no entry for this parameter; return one for every name in params"
            )
        elif array.dtype.kind not in "fiu":
            problem = (
                f"its gradient is of dtype {array.dtype}, must be real numbers; return float arrays"
            )
        elif array.shape != shape:
            problem = (
                f"its gradient has shape {array.shape}, the parameter {shape}; they must agree"
            )
        if problem is not None and not (findings and findings[0].parameter is None):
            findings.append(Finding(name, problem))
        usable[name] = np.full(shape, np.nan) if problem is not None else array
    return usable, tuple(findings)


def largest_gradient(result: NumericalGradient, gradient: Any) -> float:
    """Return the largest finite |g| of all parameters, those that are not checked included."""
    arrays = [item.central for item in result.parameters.values()]
    if isinstance(gradient, Mapping):
        others = (np.asarray(gradient[name]) for name in gradient if name not in result.parameters)
        arrays += [array for array in others if array.dtype.kind in "fiu"]
    return max(
        (float(np.max(np.abs(item), where=np.isfinite(item), initial=0.0)) for item in arrays),
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
        )
    return reports
