"""``record``: the user's loss, run once on recording arrays."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.errors import CannotRecord
from fastcheck.locking import user_code
from fastcheck.model import parameters_of, plain_loss
from fastcheck.program import Program, Source, simplified
from fastcheck.record.array import is_recording, read
from fastcheck.record.memory import Memory
from fastcheck.record.proxy import NumpyProxy, stand_in
from fastcheck.record.reach import swapped
from fastcheck.record.tape import Tape
from fastcheck.record.verify import first_disagreement


def record(model: Any, x: Any, t: Any) -> Program:
    """Record the loss of a model as a program over its parameters.

    The model's own ``loss(x, t)`` is run once with every float array it can reach replaced by an
    array that computes as usual and writes down each operation. Afterwards everything is as it was
    before.
    The recording is then compared with the loss itself, at the parameters as they are and at ten
    perturbed points.

    Parameters
    ----------
    model
        Any object with ``params``, a dict from names to float arrays, and ``loss(x, t)`` that
        returns a number computed from those very arrays.
    x, t
        Passed to ``loss``; neither is modified.

    Returns
    -------
    Program

    Raises
    ------
    CannotRecord
        If the loss does something that cannot be recorded, is not the same when called twice, or is
        not what the recording says it is; with the line of the user's code where there is one.
    """
    with user_code():
        parameters = parameters_of(model)
        loss = plain_loss(model, x, t)
        again = plain_loss(model, x, t)
        if loss != again and not (np.isnan(loss) and np.isnan(again)):
            raise _refusal(
                model,
                "a loss that is not deterministic",
                f"called twice it gives {loss!r} and {again!r}; fix the seed inside loss",
            )
        tape = Tape()
        numbers, output = _run(tape, model, x, t, parameters)
        program = simplified(
            Program(
                values=tuple(tape.values),
                operations=tuple(tape.operations),
                parameters=numbers,
                base={name: np.array(a, np.float64) for name, a in parameters.items()},
                constants=tape.constants,
                output=output,
                loss=loss,
                unit_roundoff=_unit_roundoff(tape),
                batch=len(x) if np.ndim(x) else 1,
            )
        )
        problem = first_disagreement(program, parameters, lambda: plain_loss(model, x, t))
    if problem is not None:
        escapes = [str(source) for _, _, source in tape.escapes]
        hint = f"; numbers left the recording at {', '.join(escapes)}" if escapes else ""
        raise _refusal(model, "this loss", problem + hint)
    return program


def _run(
    tape: Tape, model: Any, x: Any, t: Any, parameters: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, int], int]:
    """Run the loss on recording arrays; return the parameters' value numbers and the loss's."""
    memory = Memory(tape, parameters)
    proxy = NumpyProxy(tape)

    def replacement(thing: Any) -> Any:
        if thing is np:
            return proxy
        if isinstance(thing, np.ndarray) and not is_recording(thing) and thing.dtype.kind == "f":
            return memory.recording(thing)
        if isinstance(thing, types.BuiltinFunctionType) or callable(thing):
            return stand_in(tape, thing) or thing
        return thing

    try:
        with swapped((model.loss, x, t), replacement) as (_, recorded_x, recorded_t):
            result = model.loss(recorded_x, recorded_t)
            # Inside the block: what a lazy attribute holds is still recorded.
            output = _output(tape, model, result)
    except CannotRecord:
        raise
    except Exception as error:
        if tape.failure is not None:
            raise tape.failure from error
        raise _refusal(
            model,
            "this loss",
            f"with recording arrays it raises {type(error).__name__}: {error}",
            error,
        ) from error
    if tape.failure is not None:
        raise tape.failure
    return memory.numbers, output


def _output(tape: Tape, model: Any, result: Any) -> int:
    """Return the value number of what the loss returned."""
    if is_recording(result):
        if result.size != 1:
            raise _refusal(
                model, "this loss", f"it returns an array of shape {result.shape}, not one number"
            )
        if result.storage.moves:
            return read(result if result.ndim == 0 else result.reshape(()))
        result = result.item()
    for number, value, _ in reversed(tape.escapes):
        if isinstance(result, float) and result == value:
            return number
    if tape.escapes:
        source = tape.escapes[0][2]
        tape.refuse(
            f"a number read by float() or .item() at {source}", "the loss is computed from it"
        )
    raise _refusal(
        model,
        "this loss",
        "it does not depend on any array in params; params must hold the arrays that loss uses, "
        "not copies of them",
    )


def _unit_roundoff(tape: Tape) -> float:
    moving = {operation.output for operation in tape.operations}
    dtypes = {tape.values[number].dtype for number in moving}
    narrow = [dtype for dtype in dtypes if dtype.kind == "f" and dtype.itemsize < 8]
    return max((float(np.finfo(dtype).eps) / 2 for dtype in narrow), default=2.0**-53)


def _refusal(
    model: Any, operation: str, reason: str, error: Exception | None = None
) -> CannotRecord:
    """Return a refusal that names the line where `error` was raised, or else the loss."""
    source = _raising_line(error) or _definition(model)
    return CannotRecord(
        operation=operation, filename=source.filename, line=source.line, reason=reason
    )


def _definition(model: Any) -> Source:
    function = getattr(model.loss, "__func__", model.loss)
    code = getattr(function, "__code__", None)
    return Source(code.co_filename, code.co_firstlineno) if code else Source(repr(model.loss), 0)


def _raising_line(error: Exception | None) -> Source | None:
    trace = error.__traceback__ if error else None
    found = None
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if "fastcheck/record" not in filename.replace("\\", "/"):
            found = Source(filename, trace.tb_lineno)
        trace = trace.tb_next
    return found
