"""Matrix products and biases whose backward is wrong: what they hand down, and what they keep.

For y = x W the gradients are dx = dy W^T and dW = x^T dy, for y = z + b it is db = sum of dy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastcheck.diagnose.case import Array
from fastcheck.diagnose.hypothesis import Change
from fastcheck.diagnose.sweep import Part, Read, Sweep
from fastcheck.primitives.base import Form

_MATRIX = 2
_ROUNDINGS = 16.0

_LAST = "leaves out the last sample of the batch: look at the range of the loop or slice over it"
_FIRST = "is that of the first sample alone: look for an index 0 where the batch is summed"


def handed_down(sweep: Sweep) -> Iterator[Change]:
    """Yield wrong ways of going back through a product, to the operand that is no parameter."""
    for operation in reversed(sweep.program.operations):
        if operation.primitive.form is not Form.MATMUL or operation.output not in sweep.adjoints:
            continue
        left, right = (sweep.arrays[number] for number in operation.inputs)
        above = sweep.adjoints[operation.output]
        if left.ndim != _MATRIX or right.ndim != _MATRIX:
            continue
        for position, weights in ((0, right), (1, left.T)):
            read = Read(operation, position)
            true = sweep.through(read)
            if true is None or read.number in sweep.program.parameters.values():
                continue
            rows = above if position == 0 else Part(above.value.T, above.error.T)
            for message, wrong in _other_matrices(weights):
                part = Part(rows.value @ wrong, rows.error @ np.abs(wrong))
                if position:
                    part = Part(part.value.T, part.error.T)
                yield Change("transposed", message, read.number, _less(sweep, read, part, true))


def _other_matrices(weights: Array) -> Iterator[tuple[str, Array]]:
    """Yield what may have stood in place of W^T."""
    rows, columns = weights.shape
    if rows == columns:
        yield "what is handed down is dy W, with W not transposed; it is dy W^T", weights
    elif min(rows, columns) > 1:
        reshaped = weights.reshape(columns, rows)
        yield "what is handed down is dy times W reshaped; it is dy W^T, transposed", reshaped


def kept(sweep: Sweep, name: str) -> Iterator[Change]:
    """Yield wrong ways of making a weight's or bias's gradient from what comes from above."""
    number = sweep.program.parameters[name]
    for read in _uses(sweep, number):
        true = sweep.through(read)
        if true is None:
            continue
        above = sweep.adjoints[read.operation.output]
        if read.operation.primitive.form is Form.MATMUL:
            found = _of_weights(sweep, read, above)
        elif read.operation.primitive.form is Form.LINEAR:
            found = _of_bias(sweep, read, above)
        else:
            continue
        for kind, message, part in found:
            yield Change(kind, message, read.number, _less(sweep, read, part, true))


def _uses(sweep: Sweep, number: int) -> list[Read]:
    """Return who reads a parameter, through transposing and reshaping."""
    found = []
    for read in sweep.reads.get(number, []):
        form = read.operation.primitive.form
        if form in (Form.GATHER, Form.RESHAPE) and len(read.operation.inputs) == 1:
            found += sweep.reads.get(read.operation.output, [])
        else:
            found.append(read)
    return found


def _of_weights(sweep: Sweep, read: Read, above: Part) -> Iterator[tuple[str, str, Part]]:
    other = sweep.arrays[read.operation.inputs[1 - read.position]]
    if other.ndim != _MATRIX or above.value.ndim != _MATRIX:
        return
    turned = read.position == 0  # y = W x, samples along the last axis
    x = other.T if turned else other
    dy = Part(above.value.T, above.error.T) if turned else above

    def product(left: Array, right: Part) -> Part:
        made = Part(left.T @ right.value, np.abs(left).T @ right.error)
        return Part(made.value.T, made.error.T) if turned else made

    right = product(x, dy)
    rows, columns = right.value.shape
    if rows == columns:
        yield (
            "transposed",
            "the gradient is dy^T x, transposed; it is x^T dy",
            Part(right.value.T, right.error.T),
        )
    elif min(rows, columns) > 1:
        yield (
            "transposed",
            "the gradient is transposed, dy^T x, and then reshaped to fit; it is x^T dy",
            Part(right.value.T.reshape(rows, columns), right.error.T.reshape(rows, columns)),
        )
    yield (
        "stale",
        "the gradient is taken with the samples in reverse order, as if x were another batch's",
        product(x[::-1], dy),
    )
    for shift in (1, -1):
        yield (
            "stale",
            "the gradient is taken with each sample's input from its neighbour, another batch's",
            product(np.roll(x, shift, axis=0), dy),
        )
    yield "samples", f"the gradient {_LAST}", product(x[:-1], Part(dy.value[:-1], dy.error[:-1]))
    yield "samples", f"the gradient {_FIRST}", product(x[:1], Part(dy.value[:1], dy.error[:1]))


def _of_bias(sweep: Sweep, read: Read, above: Part) -> Iterator[tuple[str, str, Part]]:
    shape = sweep.arrays[read.number].shape
    dy = above
    if dy.value.ndim != _MATRIX or int(np.prod(shape)) == dy.value.size:
        return
    if shape in ((dy.value.shape[0], 1), (1, 1)) and dy.value.shape[0] != 1:
        dy = Part(dy.value.T, dy.error.T)  # y = W x + b, samples along the last axis
    sign = -1.0 if read.operation.primitive.name == "subtract" and read.position == 1 else 1.0
    size = int(np.prod(shape))
    if size != dy.value.shape[1]:
        return

    def shaped(value: Array, error: Array) -> Part:
        return Part(
            sign * np.resize(value, size).reshape(shape), np.resize(error, size).reshape(shape)
        )

    def of(rows: Array, errors: Array) -> Part:
        return shaped(np.sum(rows, axis=0), np.sum(errors, axis=0))

    if size > 1:
        yield (
            "bias sum",
            "the bias's gradient is summed over the outputs instead of the batch: look at the axis",
            shaped(np.sum(dy.value, axis=1), np.sum(dy.error, axis=1)),
        )
        yield (
            "bias sum",
            "the bias's gradient is summed over batch and outputs: give the sum its axis",
            shaped(np.full(size, np.sum(dy.value)), np.full(size, np.sum(dy.error))),
        )
    yield "samples", f"the gradient {_FIRST}", of(dy.value[:1], dy.error[:1])
    yield "samples", f"the gradient {_LAST}", of(dy.value[:-1], dy.error[:-1])


def _less(sweep: Sweep, read: Read, wrong: Part, true: Part) -> Part:
    """Return by how much a wrong adjoint differs from the true one."""
    u = sweep.roundoff(read.operation.output)
    rounding = _ROUNDINGS * u * (np.abs(wrong.value) + np.abs(true.value))
    return Part(wrong.value - true.value, wrong.error + true.error + rounding)
