"""Derivatives of activations as they are got wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from fastcheck.diagnose.activations import Activation, activations, sigmoid
from fastcheck.diagnose.case import Array
from fastcheck.diagnose.hypothesis import Change
from fastcheck.diagnose.sweep import Part, Sweep
from fastcheck.primitives.running_error import ALLOWANCE

# How many values further on a mask may have been made of by mistake.
_OTHERS = 3
_ROUNDINGS = 8.0


class Point(NamedTuple):
    """Where a derivative is taken: the activation's input, its output, what comes from above."""

    x: Array
    y: Array
    dy: Array
    slope: float


Derivative = Callable[[Point], Array]


class Wrong(NamedTuple):
    """A wrong derivative: the kind of the mistake, and what it is in words."""

    kind: str
    message: str
    derivative: Derivative


def _positive(array: Array) -> Array:
    return (array > 0).astype(np.float64)


def _constant(mask: Array) -> Derivative:
    return lambda _: mask


def _one(p: Point) -> Array:
    return np.ones_like(p.x)


def _output(p: Point) -> Array:
    return p.y


def _sided(p: Point, above: float, below: float) -> Array:
    return np.where(p.x > 0, above, below)


def _of_sigmoid(x: Array) -> Array:
    s = sigmoid(x)
    return s * (1.0 - s)


RIGHT: dict[str, Derivative] = {
    "relu": lambda p: _sided(p, 1.0, 0.0),
    "leaky": lambda p: _sided(p, 1.0, p.slope),
    "tanh": lambda p: (1.0 - p.y) * (1.0 + p.y),
    "sigmoid": lambda p: p.y * sigmoid(-p.x),
    "softplus": lambda p: sigmoid(p.x),
}

_MISSING = "the gradient is handed down as it is"

WRONG: dict[str, tuple[Wrong, ...]] = {
    "relu": (
        Wrong("mask", f"the ReLU's mask is missing, {_MISSING}; multiply it by x > 0", _one),
        Wrong(
            "mask",
            "the ReLU's mask is inverted; the gradient goes down where x > 0",
            lambda p: _sided(p, 0.0, 1.0),
        ),
        Wrong(
            "mask",
            "the ReLU's mask is made of the gradient instead of the input; it is x > 0",
            lambda p: _positive(p.dy),
        ),
        Wrong(
            "mask",
            "the ReLU multiplies by its output instead of by its mask; the mask is x > 0",
            _output,
        ),
        Wrong("mask", "the ReLU multiplies by its input; the mask is x > 0", lambda p: p.x),
        Wrong("mask", "the ReLU multiplies by the sign of x; it is x > 0", lambda p: np.sign(p.x)),
    ),
    "leaky": (
        Wrong("mask", f"the leaky ReLU's slope for x <= 0 is missing, {_MISSING}", _one),
        Wrong(
            "mask",
            "the leaky ReLU's backward is that of a ReLU; for x <= 0 it is the slope, not 0",
            lambda p: _sided(p, 1.0, 0.0),
        ),
        Wrong(
            "mask",
            "the leaky ReLU's mask is inverted; its slope belongs where x <= 0",
            lambda p: _sided(p, p.slope, 1.0),
        ),
        Wrong(
            "mask",
            "the leaky ReLU applies its slope everywhere; for x > 0 it is 1",
            lambda p: np.full_like(p.x, p.slope),
        ),
        Wrong(
            "mask",
            "the leaky ReLU's slope has the wrong sign",
            lambda p: _sided(p, 1.0, -p.slope),
        ),
        Wrong(
            "mask",
            "the leaky ReLU multiplies by its output instead of by its derivative",
            _output,
        ),
        Wrong(
            "mask",
            "the leaky ReLU's mask is made of the gradient instead of the input",
            lambda p: np.where(p.dy > 0, 1.0, p.slope),
        ),
    ),
    "tanh": (
        Wrong("derivative", f"the tanh's derivative is missing, {_MISSING}", _one),
        Wrong(
            "derivative",
            "the tanh's derivative is 1 - x^2, taken before instead of after it; it is 1 - y^2",
            lambda p: 1.0 - p.x * p.x,
        ),
        Wrong(
            "derivative",
            "the tanh's derivative is 1 - y; the square is missing in 1 - y^2",
            lambda p: 1.0 - p.y,
        ),
        Wrong(
            "derivative",
            "the tanh is applied twice in its derivative, which is 1 - y^2 and not 1 - tanh(y)^2",
            lambda p: 1.0 - np.tanh(p.y) ** 2,
        ),
        Wrong("derivative", "the tanh multiplies by its output; it is 1 - y^2", _output),
        Wrong(
            "derivative",
            "the tanh's derivative is a sigmoid's, y (1 - y); it is 1 - y^2",
            lambda p: p.y * (1.0 - p.y),
        ),
        Wrong("derivative", "the tanh's derivative is y^2; it is 1 - y^2", lambda p: p.y**2),
    ),
    "sigmoid": (
        Wrong("derivative", f"the sigmoid's derivative is missing, {_MISSING}", _one),
        Wrong(
            "derivative",
            "the sigmoid's derivative is x (1 - x), taken before instead of after it; "
            "it is y (1 - y)",
            lambda p: p.x * (1.0 - p.x),
        ),
        Wrong(
            "derivative",
            "the sigmoid is applied twice in its derivative, which is y (1 - y) of its output y",
            lambda p: _of_sigmoid(p.y),
        ),
        Wrong(
            "derivative",
            "the sigmoid's derivative is a tanh's, 1 - y^2; it is y (1 - y)",
            lambda p: 1.0 - p.y**2,
        ),
        Wrong("derivative", "the sigmoid multiplies by its output; it is y (1 - y)", _output),
        Wrong("derivative", "the sigmoid's derivative is 1 - y, y is missing", lambda p: 1.0 - p.y),
    ),
    "softplus": (
        Wrong("derivative", f"the softplus's derivative is missing, {_MISSING}", _one),
        Wrong(
            "derivative",
            "the softplus multiplies by its output; its derivative is the sigmoid of x",
            _output,
        ),
        Wrong(
            "derivative",
            "the softplus's derivative is the sigmoid of its output; it is that of its input",
            lambda p: sigmoid(p.y),
        ),
        Wrong(
            "derivative",
            "the softplus's derivative is a ReLU's mask; it is the sigmoid of x",
            lambda p: _sided(p, 1.0, 0.0),
        ),
        Wrong(
            "derivative",
            "the softplus's derivative is a sigmoid's, s (1 - s); it is the sigmoid s of x",
            lambda p: _of_sigmoid(p.x),
        ),
        Wrong(
            "derivative",
            "the softplus's derivative is the sigmoid of -x; it is that of x",
            lambda p: sigmoid(-p.x),
        ),
    ),
}


def wrong_derivatives(sweep: Sweep) -> Iterator[Change]:
    """Yield every wrong derivative of every activation, the last layer's first."""
    for activation in reversed(list(activations(sweep))):
        points = _points(sweep, activation)
        right = RIGHT[activation.kind]
        for wrong in WRONG[activation.kind]:
            yield _change(sweep, activation, points, wrong, right)
        if activation.kind == "relu":
            for wrong in _masks_of_others(sweep, activation):
                yield _change(sweep, activation, points, wrong, right)


def _points(sweep: Sweep, activation: Activation) -> tuple[Point, Point, Point]:
    """Return the point, and two more as far to either side as its errors may take it."""
    x, y = (sweep.arrays[number] for number in (activation.x, activation.y))
    dx, dy = (ALLOWANCE * sweep.errors[number] for number in (activation.x, activation.y))
    above = sweep.adjoints[activation.y]
    return (
        Point(x, y, above.value, activation.slope),
        Point(x + dx, y + dy, above.value + ALLOWANCE * above.error, activation.slope),
        Point(x - dx, y - dy, above.value - ALLOWANCE * above.error, activation.slope),
    )


def _change(
    sweep: Sweep,
    activation: Activation,
    points: tuple[Point, Point, Point],
    wrong: Wrong,
    right: Derivative,
) -> Change:
    with np.errstate(all="ignore"):
        first, second = ([f(point) for point in points] for f in (wrong.derivative, right))
        above = sweep.adjoints[activation.y]
        excess = first[0] - second[0]
        shaken = sum(np.maximum(abs(f[1] - f[0]), abs(f[2] - f[0])) for f in (first, second))
        rounding = _ROUNDINGS * sweep.roundoff(activation.x)
        shaken = shaken + rounding * (1.0 + np.abs(first[0]) + np.abs(second[0]))
        most = np.abs(above.value) + above.error
        part = Part(excess * above.value, np.abs(excess) * above.error + most * shaken)
    return Change(wrong.kind, wrong.message, activation.x, part)


def _masks_of_others(sweep: Sweep, activation: Activation) -> Iterator[Wrong]:
    shape = sweep.arrays[activation.x].shape
    found = 0
    for operation in sweep.program.operations:
        number = operation.output
        other = sweep.arrays[number]
        if number <= activation.y or other.shape != shape or not sweep.moves(number):
            continue
        if operation.primitive.name not in ("matmul", "add"):
            continue
        found += 1
        if found > _OTHERS:
            return
        yield Wrong(
            "mask",
            "the ReLU's mask is made of another layer's values; it is made of its own input, x > 0",
            _constant(_positive(other)),
        )
