"""``record``: the user's loss, run once on recording arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.errors import CannotRecord
from fastcheck.locking import user_code
from fastcheck.model import batch_size, parameters_of, plain_loss, steady_loss
from fastcheck.primitives.running_error import unit_roundoff
from fastcheck.program import Program, Source, simplified
from fastcheck.recording.array import is_recording, read
from fastcheck.recording.memory import Memory, overlap
from fastcheck.recording.preserve import preserved
from fastcheck.recording.proxy import stand_in
from fastcheck.recording.reach import swapped
from fastcheck.recording.tape import Tape
from fastcheck.recording.verify import first_disagreement
from fastcheck.recording.where import defining_line, raising_line


def record(model: Any, x: Any, t: Any) -> Program:
    """Record the loss of a model as a program over its parameters.

    The model's own ``loss(x, t)`` is run once with every float array it can reach replaced by an
    array that computes as usual and writes down each operation. The recording is then compared with
    the loss itself, at the parameters as they are and at six perturbed points. Afterwards
    everything is as it was before.

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
        If the loss does something that cannot be recorded, or is not what the recording says it is;
        with the line of the user's code where there is one.
    InvalidArgument, InvalidType
        If the model breaks a rule, such as that loss is deterministic and only reads the
        parameters; see `fastcheck.model`.
    """
    with user_code():
        parameters = parameters_of(model)
        _refuse_unusable(model, parameters)
        with preserved(model, model.loss, x, t):
            loss = steady_loss(model, x, t, parameters)
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
                    batch=batch_size(x),
                ),
                fuse=False,
            )
            problem = first_disagreement(program, parameters, lambda: plain_loss(model, x, t))
    if problem is not None:
        escapes = list(dict.fromkeys(str(source) for _, _, source in tape.escapes))
        hint = f"; numbers left the recording at {', '.join(escapes)}" if escapes else ""
        raise _refusal(defining_line(model.loss), "this loss", problem + hint)
    # Only now: what is fused is more exact than the user's code, and could look like another loss.
    return simplified(program)


def _refuse_unusable(model: Any, parameters: Mapping[str, NDArray[Any]]) -> None:
    line = defining_line(model.loss)
    for name, array in parameters.items():
        if type(array) not in (np.ndarray, np.memmap):
            kind = type(array).__name__
            raise _refusal(
                line, f"params[{name!r}]", f"a {kind} has operators of its own; use a plain array"
            )
    pair = overlap(parameters)
    if pair is not None:
        raise _refusal(
            line,
            f"params[{pair[0]!r}] and params[{pair[1]!r}]",
            "they share a part of their memory, so neither moves alone; leave one out of params",
        )


def _run(
    tape: Tape, model: Any, x: Any, t: Any, parameters: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, int], int]:
    """Run the loss on recording arrays; return the parameters' value numbers and the loss's."""
    memory = Memory(tape, parameters)

    def replacement(thing: Any) -> Any:
        if type(thing) in (np.ndarray, np.memmap) and thing.dtype.kind == "f":
            return memory.recording(thing)
        return stand_in(tape, thing)

    try:
        with swapped((model.loss, x, t), replacement) as (loss, recorded_x, recorded_t):
            result = loss(recorded_x, recorded_t)
            # Inside the block: what a lazy attribute holds is still recorded.
            output = _output(tape, defining_line(model.loss), result)
    except Exception as error:
        if isinstance(error, CannotRecord) and tape.failure in (None, error):
            raise
        if tape.failure is not None:
            # The first refusal is the cause; the code may have swallowed it and stumbled later.
            raise tape.failure from error
        raise _refusal(
            raising_line(error) or defining_line(model.loss),
            "this loss",
            f"with recording arrays it raises {type(error).__name__}: {error}",
        ) from error
    if tape.failure is not None:
        raise tape.failure
    return memory.numbers, output


def _output(tape: Tape, line: Source, result: Any) -> int:
    """Return the value number of what the loss returned."""
    if is_recording(result) and result.storage.moves:
        done = len(tape.operations)
        source = tape.operations[-1].source if done else None
        scalar = read(result if result.ndim == 0 else result.reshape(()))
        # That is no line of its own, whoever calls us.
        tape.operations[done:] = [replace(one, source=source) for one in tape.operations[done:]]
        return scalar
    number = float(result)
    for value, escaped, _ in reversed(tape.escapes):
        if number == escaped:
            return value
    if tape.escapes:
        raise _refusal(
            tape.escapes[0][2] or line,
            "a number read by float() or .item()",
            "the loss is computed from it; let float() be the last thing that loss does",
        )
    raise _refusal(
        line,
        "this loss",
        "it does not depend on any array in params; params must hold the arrays that loss uses, "
        "not copies of them",
    )


def _unit_roundoff(tape: Tape) -> float:
    dtypes = {tape.values[operation.output].dtype for operation in tape.operations}
    return max([2.0**-53, *map(unit_roundoff, dtypes)])


def _refusal(line: Source, operation: str, reason: str) -> CannotRecord:
    return CannotRecord(operation=operation, filename=line.filename, line=line.line, reason=reason)
