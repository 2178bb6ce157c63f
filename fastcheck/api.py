"""The public functions: they put the stages together and hold no mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.adapt.torch_program import autograd_gradient
from fastcheck.compare import compared, largest_gradient
from fastcheck.differentiate import Options, differentiated, finely_differentiated
from fastcheck.engine.workers import Progress
from fastcheck.errors import (
    GradientMismatch,
    InvalidArgument,
    InvalidType,
    check_positive,
    unknown_choice,
)
from fastcheck.explain import explanations, settled, together
from fastcheck.honesty import examined, judged_repeat, kept, loss_faults
from fastcheck.model import batch_size, parameters_of
from fastcheck.options import OPINIONS
from fastcheck.own_step import at_own_step
from fastcheck.program import Program
from fastcheck.report import Report
from fastcheck.report.image import image_shape
from fastcheck.second_look import second_look
from fastcheck.verdict import Bounds, Finding, bounds_of


def numerical_gradient(
    model: Any,
    x: Any = None,
    t: Any = None,
    *,
    engine: str = "auto",
    step: float | None = None,
    scheme: str = "central",
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
        "incremental": the difference itself goes through the recorded forward, to rounding.
        "full": the whole recorded forward for every element, compiled. "reference": the classic
        Python loop. "auto": incremental, or reference where the loss cannot be recorded.
    step
        h of the difference; by default the engine's own.
    scheme
        "central": (L(w + h) - L(w - h)) / 2h. "forward", "backward": one-sided. "central4": of
        fourth order, with points at h and 2h. Others than central are for engine "incremental".
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
        With engine "incremental" or "full", if the loss cannot be recorded.
    InvalidArgument, InvalidType, UnknownChoice
        If an argument or the model breaks a rule; the message says which and what to do.
    InternalError
        If fastcheck contradicts the model's own loss: a fault of ours, please report it.
    """
    options = Options(engine, step, scheme, threads, params, progress=progress)
    result = differentiated(model, x, t, options).result
    return {name: item.central for name, item in result.parameters.items()}


def gradcheck(
    model: Any,
    x: Any,
    t: Any,
    *,
    engine: str = "auto",
    step: float | None = None,
    scheme: str = "central",
    threads: int | None = None,
    params: str | Iterable[str] | None = None,
    rtol: float | None = None,
    strict: bool = False,
    second_opinion: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Compare ``model.gradient(x, t)`` with the numerical gradient of ``model.loss(x, t)``.

    Parameters
    ----------
    model
        Any object with ``params``, ``loss(x, t)`` and ``gradient(x, t)``, a dict like ``params``.
        ``accuracy(x, t)`` is reported where it exists. Nothing of it is changed.
    x, t, engine, scheme, threads, params, progress
        As for `numerical_gradient`.
    step
        Likewise. Parameters in which that of engine "incremental" crosses a switch or disagrees
        are looked at again with the engine's own, failing elements of engine "reference" with
        smaller ones.
    rtol
        The share of the gradient within which it counts as *approximate*, where it is beyond the
        bounds systematically; by default 1e-5, in float32 1e-3.
    strict
        Such a gradient fails.
    second_opinion
        "torch": the report also has the gradient that PyTorch's autograd gives for the recorded
        loss.

    Returns
    -------
    Report
        A mismatch is a result, not an exception; see `assert_gradcheck`.

    Raises
    ------
    CannotRecord, InvalidArgument, InvalidType, UnknownChoice
        As for `numerical_gradient`.
    MissingDependency
        If the library for the second opinion is not installed.
    """
    rtol = _checked(model, second_opinion, rtol)
    options = Options(engine, step, scheme, threads, params, progress=progress)
    with kept(x, t) as batch:
        began = perf_counter()
        try:
            found = differentiated(model, x, t, options)
        except InvalidArgument:
            faults = loss_faults(model, x, t, batch)
            if not faults:
                raise
            return _without_gradient(x, faults, options, perf_counter() - began)
        evidence = examined(model, x, t, found.result, batch)
        result = found.result
        scale = max(largest_gradient(result), evidence.largest)
        bounds: dict[str, Bounds] = {}
        coarse: tuple[str, ...] = ()
        if not result.sees_switches:
            result = second_look(model, x, t, result, evidence.gradient, scale=scale)
        elif found.program is not None and result.unit_roundoff == 0.0:
            bounds = bounds_of(found.program, evidence.gradient)
            if step is not None:
                finer = partial(finely_differentiated, found.program, options=options)
                result, coarse = at_own_step(result, finer, evidence.gradient, bounds, scale=scale)
        opinion, problem = _opinion(second_opinion, found.program)
        compare = partial(compared, result, evidence.gradient, opinion, scale=scale)
        reports, explained = settled(
            partial(compare, bounds=bounds, rtol=rtol),
            partial(explanations, model=model, x=x, t=t, program=found.program),
            strict=strict,
            known=found.program is not None,
        )
        within = {name: item.bound for name, item in reports.items()}
        return Report(
            params=reports,
            findings=together(evidence.findings + judged_repeat(evidence, within), explained),
            engine=result.engine,
            step=result.step,
            threads=result.threads,
            # The model's own, to the last bit.
            loss=result.loss if found.program is None else found.program.loss,
            accuracy=evidence.accuracy,
            batch=batch_size(x, t),
            seconds=perf_counter() - began,
            engine_seconds=result.seconds,
            setup_seconds=result.setup_seconds,
            record_seconds=found.record_seconds,
            notes=found.notes + coarse + evidence.notes + problem,
            second_opinion=second_opinion if opinion else None,
            scheme=scheme,
            image=image_shape(x, _shapes(model), checked=reports),
        )


def _shapes(model: Any) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in parameters_of(model).items()}


def _checked(model: Any, second_opinion: str | None, rtol: float | None) -> float | None:
    """Return `rtol`, once the arguments are known to be of use."""
    if second_opinion not in (None, *OPINIONS):
        raise unknown_choice("second_opinion", second_opinion, OPINIONS)
    if not callable(getattr(model, "gradient", None)):
        raise InvalidType(
            f"model={type(model).__name__} has no method gradient(x, t); "
            "give it one that returns a dict like params"
        )
    if rtol is None:
        return None
    return check_positive("rtol", rtol, remedy="leave it out for 1e-5, in float32 1e-3")


def _opinion(
    library: str | None, program: Program | None
) -> tuple[Mapping[str, NDArray[np.float64]], tuple[str, ...]]:
    """Return another library's gradients, and why there are none though they were asked for."""
    if library is None:
        return {}, ()
    if program is None:
        return {}, ("no second opinion: only a recorded loss can be given to another library",)
    return autograd_gradient(program), ()


def _without_gradient(
    x: Any, findings: tuple[Finding, ...], options: Options, seconds: float
) -> Report:
    """Return the report on a loss that cannot be differentiated."""
    losses = [item.evidence["first"] for item in findings if "first" in item.evidence]
    return Report(
        params={},
        findings=findings,
        engine=options.engine,
        step=0.0,
        threads=0,
        loss=float(losses[0]) if losses else float("nan"),
        accuracy=None,
        batch=batch_size(x),
        seconds=seconds,
        engine_seconds=0.0,
        setup_seconds=0.0,
        record_seconds=0.0,
        notes=("there is no numerical gradient of such a loss",),
        scheme=options.scheme,
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
