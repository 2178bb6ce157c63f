"""The public functions: they put the stages together and hold no mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.adapt.torch_program import autograd_gradient
from fastcheck.compare import compared, largest_gradient, usable_gradients
from fastcheck.differentiate import Options, differentiated
from fastcheck.engine.workers import Progress
from fastcheck.errors import GradientMismatch, InvalidType, check_positive, unknown_choice
from fastcheck.explain import are_approximate, explanations
from fastcheck.locking import user_code
from fastcheck.model import batch_size, parameters_of, plain_loss, restored
from fastcheck.options import OPINIONS
from fastcheck.report import Report
from fastcheck.second_look import second_look
from fastcheck.verdict import bounds_of


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
    x, t, engine, step, scheme, threads, params, progress
        As for `numerical_gradient`.
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
    began = perf_counter()
    if second_opinion not in (None, *OPINIONS):
        raise unknown_choice("second_opinion", second_opinion, OPINIONS)
    if rtol is not None:
        rtol = check_positive("rtol", rtol, remedy="leave it out for 1e-5, in float32 1e-3")
    if not callable(getattr(model, "gradient", None)):
        raise InvalidType(
            f"model={type(model).__name__} has no method gradient(x, t); "
            "give it one that returns a dict like params"
        )
    found = differentiated(
        model, x, t, Options(engine, step, scheme, threads, params, progress=progress)
    )
    result, notes = found.result, found.notes
    with user_code(), restored(parameters_of(model)):
        # The textbook's gradient reads what the last call of loss left on the layers.
        plain_loss(model, x, t)
        gradient = model.gradient(x, t)
        accuracy, problem = _accuracy(model, x, t)
    notes += problem
    analytic, findings = usable_gradients(gradient, result)
    if not result.sees_switches:
        scale = largest_gradient(result, gradient)
        result = second_look(model, x, t, result, analytic, scale=scale)
    bounds = {}
    if found.program is not None and result.unit_roundoff == 0.0:
        bounds = bounds_of(found.program, analytic)
    opinion: Mapping[str, NDArray[np.float64]] = {}
    if second_opinion is not None and found.program is not None:
        opinion = autograd_gradient(found.program)
    elif second_opinion is not None:
        notes += ("no second opinion: only a recorded loss can be given to another library",)
    compare = partial(
        compared,
        result,
        analytic,
        opinion,
        scale=largest_gradient(result, gradient),
        bounds=bounds,
        rtol=rtol,
    )
    compared_params = compare(strict=strict)
    explained = explanations(compared_params, model, x, t, found.program)
    if found.program is not None and are_approximate(compared_params):
        # Of a recorded loss it is known what a backward that leaves out an epsilon would give; what
        # is not that is wrong, however little.
        strict = strict or not any(finding.kind == "loss" for finding in explained)
        compared_params = compare(strict=strict)
    return Report(
        params=compared_params,
        findings=findings + explained,
        engine=result.engine,
        step=result.step,
        threads=result.threads,
        # The model's own, to the last bit.
        loss=result.loss if found.program is None else found.program.loss,
        accuracy=accuracy,
        batch=batch_size(x),
        seconds=perf_counter() - began,
        engine_seconds=result.seconds,
        setup_seconds=result.setup_seconds,
        record_seconds=found.record_seconds,
        notes=notes,
        second_opinion=second_opinion if opinion else None,
        scheme=scheme,
    )


def _accuracy(model: Any, x: Any, t: Any) -> tuple[float | None, tuple[str, ...]]:
    """Return the model's own accuracy where it has one; a failure of it is only a note."""
    if not callable(getattr(model, "accuracy", None)):
        return None, ()
    try:
        return float(model.accuracy(x, t)), ()
    except Exception as error:  # noqa: BLE001 - it is the user's code, and nothing hangs on it
        return None, (f"no accuracy: {type(error).__name__}: {error}",)


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
