"""The public functions: they put the stages together and hold no mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.full import full_gradient
from fastcheck.engine.reference import reference_gradient
from fastcheck.engine.result import NumericalGradient
from fastcheck.engine.workers import Progress, usable_threads
from fastcheck.errors import CannotRecord, GradientMismatch, InvalidType, unknown_choice
from fastcheck.locking import user_code
from fastcheck.model import chosen_parameters, parameters_of
from fastcheck.program import Program
from fastcheck.record import record
from fastcheck.report import Finding, ParameterReport, Report
from fastcheck.second_look import second_look
from fastcheck.verdict import judge

ENGINES = ("auto", "full", "reference")


def numerical_gradient(
    model: Any,
    x: Any = None,
    t: Any = None,
    *,
    engine: str = "auto",
    step: float | None = None,
    threads: int | None = None,
    params: str | Iterable[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Return the numerical gradient of the loss, element by element.

    Parameters
    ----------
    model
        Any object with ``params``, a dict from names to float arrays, and ``loss(x, t)`` computed
        from those arrays; or a `Program` from `record`, then without `x` and `t`, and nothing is
        recorded again.
    x, t
        The batch, passed to ``loss``.
    engine
        "full": the recorded forward, compiled. "reference": the classic Python loop. "auto": full,
        or reference where the loss cannot be recorded.
    step
        h of the central difference; by default the engine's own.
    threads
        How many threads work; by default the CPUs this process may use.
    params
        The names of the parameters to differentiate; by default all.
    progress
        Called with (elements done, elements in all) now and then.

    Returns
    -------
    dict
        Like ``model.params``: name to float64 array of the parameter's shape.

    Raises
    ------
    CannotRecord
        With engine "full", if the loss cannot be recorded.
    InvalidArgument, InvalidType, UnknownChoice
        If an argument or the model breaks a rule; the message says which and what to do.
    """
    options = _Options(engine, step, threads, params, progress)
    result, _ = _differentiated(model, x, t, options)
    return {name: item.central for name, item in result.parameters.items()}


def gradcheck(
    model: Any,
    x: Any,
    t: Any,
    *,
    engine: str = "auto",
    step: float | None = None,
    threads: int | None = None,
    params: str | Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Compare ``model.gradient(x, t)`` with the numerical gradient of ``model.loss(x, t)``.

    Parameters
    ----------
    model
        Any object with ``params``, ``loss(x, t)`` and ``gradient(x, t)``, a dict like ``params``.
        ``accuracy(x, t)`` is reported where it exists. Nothing of it is changed.
    x, t, engine, step, threads, params, progress
        As for `numerical_gradient`.

    Returns
    -------
    Report
        A mismatch is a result, not an exception; see `assert_gradcheck`.

    Raises
    ------
    CannotRecord, InvalidArgument, InvalidType, UnknownChoice
        As for `numerical_gradient`.
    """
    began = perf_counter()
    if not callable(getattr(model, "gradient", None)):
        raise InvalidType(
            f"model={type(model).__name__} has no method gradient(x, t); "
            "give it one that returns a dict like params"
        )
    result, record_seconds = _differentiated(
        model, x, t, _Options(engine, step, threads, params, progress)
    )
    with user_code():
        gradient = model.gradient(x, t)
        accuracy = model.accuracy(x, t) if callable(getattr(model, "accuracy", None)) else None
    analytic, findings = _usable_gradients(gradient, result)
    if not result.sees_switches:
        result = second_look(model, x, t, result, analytic)
    return Report(
        params=_compared(result, analytic),
        findings=findings,
        engine=result.engine,
        step=result.step,
        threads=result.threads,
        loss=result.loss,
        accuracy=None if accuracy is None else float(accuracy),
        batch=len(x) if np.ndim(x) else 1,
        seconds=perf_counter() - began,
        engine_seconds=result.seconds,
        setup_seconds=result.setup_seconds,
        record_seconds=record_seconds,
        notes=result.notes,
    )


def assert_gradcheck(model: Any, x: Any, t: Any, **options: Any) -> Report:
    """Run `gradcheck`, and raise unless the report passed.

    Parameters
    ----------
    model, x, t, **options
        As for `gradcheck`.

    Returns
    -------
    Report
        The report, where it passed.

    Raises
    ------
    GradientMismatch
        An AssertionError with the report as its text and as ``.report``.
    """
    report = gradcheck(model, x, t, **options)
    if not report.passed:
        raise GradientMismatch(str(report), report)
    return report


class _Options:
    """The options of one call, with what can be checked without the model checked."""

    def __init__(
        self,
        engine: str,
        step: float | None,
        threads: int | None,
        params: str | Iterable[str] | None,
        progress: Progress | None,
    ) -> None:
        if engine not in ENGINES:
            raise unknown_choice("engine", engine, ENGINES)
        self.engine = engine
        self.step = step
        self.threads = usable_threads(threads)
        self.params = params
        self.progress = progress


def _differentiated(
    model: Any, x: Any, t: Any, options: _Options
) -> tuple[NumericalGradient, float]:
    """Return the numerical gradient, and the seconds that recording took."""
    began = perf_counter()
    note = None
    if isinstance(model, Program):
        if options.engine == "reference":
            raise InvalidType(
                "model=Program has no Python loss for engine='reference'; "
                "pass the model itself, or use engine='full'"
            )
        names = chosen_parameters(model.parameters, options.params)
        return _full(model, names, options), 0.0
    names = chosen_parameters(parameters_of(model), options.params)
    if options.engine != "reference":
        try:
            program = record(model, x, t)
        except CannotRecord as refusal:
            if options.engine == "full":
                raise
            note = f"engine reference, since the loss could not be recorded: {refusal}"
        else:
            seconds = perf_counter() - began
            return _full(program, names, options), seconds
    seconds = perf_counter() - began
    result = reference_gradient(
        model, x, t, names=names, step=options.step, progress=options.progress
    )
    return (result if note is None else replace(result, notes=(note,))), seconds


def _full(program: Program, names: list[str], options: _Options) -> NumericalGradient:
    return full_gradient(
        program,
        names=names,
        step=options.step,
        threads=options.threads,
        progress=options.progress,
    )


def _usable_gradients(
    gradient: Any, result: NumericalGradient
) -> tuple[dict[str, NDArray[Any]], tuple[Finding, ...]]:
    """Return one float array per parameter, nan where the model gave none, and what was wrong."""
    findings: list[Finding] = []
    if not isinstance(gradient, Mapping):
        kind = type(gradient).__name__
        findings.append(Finding(None, f"gradient returned {kind}, must be a dict like params"))
        gradient = {}
    usable = {}
    for name, numerical in result.parameters.items():
        shape = numerical.central.shape
        problem = None
        array = np.asarray(gradient.get(name, np.nan))
        if name not in gradient:
            problem = "gradient has no entry for this parameter"
        elif array.dtype.kind not in "fiu":
            problem = f"its gradient is of dtype {array.dtype}, must be real numbers"
        elif array.shape != shape:
            problem = f"its gradient has shape {array.shape}, the parameter {shape}"
        if problem is not None and not (findings and findings[0].parameter is None):
            findings.append(Finding(name, problem))
        usable[name] = np.full(shape, np.nan) if problem is not None else array
    return usable, tuple(findings)


def _compared(
    result: NumericalGradient, analytic: Mapping[str, NDArray[Any]]
) -> dict[str, ParameterReport]:
    reports = {}
    for name, numerical in result.parameters.items():
        verdict = judge(
            analytic[name],
            numerical,
            loss=result.loss,
            unit_roundoff=result.unit_roundoff,
            sees_switches=result.sees_switches,
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
        )
    return reports
