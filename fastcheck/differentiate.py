"""The choice of the engine: a recorded loss, propagated or evaluated, or the classic loop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

from fastcheck.engine.full import full_gradient
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.incremental.proof import LossAt
from fastcheck.engine.incremental.schemes import scheme_of
from fastcheck.engine.reference import loss_with, reference_gradient
from fastcheck.engine.result import NumericalGradient
from fastcheck.engine.workers import Progress, usable_threads
from fastcheck.errors import CannotRecord, InvalidArgument, InvalidType, unknown_choice
from fastcheck.model import chosen_parameters, parameters_of
from fastcheck.options import ENGINES
from fastcheck.primitives.cache import cache_note
from fastcheck.program import Program
from fastcheck.recording import record


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one call, with what can be checked without the model checked."""

    engine: str
    step: float | None
    scheme: str
    threads: int | None
    params: str | Iterable[str] | None
    progress: Progress | None

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise unknown_choice("engine", self.engine, ENGINES)
        scheme_of(self.scheme)
        if self.scheme != "central" and self.engine in ("full", "reference"):
            raise InvalidArgument(
                f"scheme={self.scheme!r} is not for engine={self.engine!r}, which knows central "
                "differences only; use engine='incremental'"
            )
        usable_threads(self.threads)


@dataclass(frozen=True, slots=True)
class Differentiated:
    """A numerical gradient and how it came about.

    Attributes
    ----------
    result
        What the engine returned.
    program
        The recorded loss, None where it could not be recorded or was not to be.
    record_seconds
        Wall time of recording and of its proof.
    notes
        Why another engine was used than the user may have expected.
    """

    result: NumericalGradient
    program: Program | None
    record_seconds: float
    notes: tuple[str, ...] = ()


def differentiated(model: Any, x: Any, t: Any, options: Options) -> Differentiated:
    """Return the numerical gradient of a model's loss, or of a `Program`."""
    if isinstance(model, Program):
        if options.engine == "reference":
            raise InvalidType(
                "model=Program has no Python loss for engine='reference'; "
                "pass the model itself, or use engine='incremental'"
            )
        if x is not None or t is not None:
            raise InvalidArgument(
                "x and t are given beside a Program, which holds the batch that it was recorded "
                "with; leave them out, or record again"
            )
        names = chosen_parameters(model.parameters, options.params)
        return _recorded(model, names, options, 0.0, None)
    names = chosen_parameters(parameters_of(model), options.params)
    began = perf_counter()
    notes: tuple[str, ...] = ()
    if options.engine != "reference":
        try:
            program = record(model, x, t)
        except CannotRecord as refusal:
            if options.engine != "auto" or options.scheme != "central":
                raise
            notes = (f"engine reference, since the loss could not be recorded: {refusal}",)
        else:
            seconds = perf_counter() - began
            return _recorded(program, names, options, seconds, partial(loss_with, (model, x, t)))
    seconds = perf_counter() - began
    result = reference_gradient(
        model, x, t, names=names, step=options.step, progress=options.progress
    )
    return Differentiated(result, None, seconds, notes)


def finely_differentiated(
    program: Program, names: list[str], options: Options
) -> NumericalGradient:
    """Return differences that are propagated at the engine's own step."""
    options = replace(options, step=None, progress=None)
    return _recorded(program, names, options, 0.0, None).result


def _recorded(
    program: Program,
    names: list[str],
    options: Options,
    record_seconds: float,
    loss_at: LossAt | None,
) -> Differentiated:
    shared: dict[str, Any] = {
        "names": names,
        "step": options.step,
        "threads": options.threads,
        "progress": options.progress,
    }
    if options.engine == "full":
        result = full_gradient(program, **shared)
    else:
        result = incremental_gradient(program, scheme=options.scheme, loss_at=loss_at, **shared)
    note = cache_note()
    return Differentiated(result, program, record_seconds, () if note is None else (note,))
