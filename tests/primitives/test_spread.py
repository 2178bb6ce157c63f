"""A spread says what hangs on what: no more than it must, and never less."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.primitives.registry import PRIMITIVES

RNG = np.random.default_rng(0)
A = RNG.uniform(0.5, 2.0, (3, 4))
B = RNG.uniform(0.5, 2.0, (3, 4))
ROW = RNG.uniform(0.5, 2.0, 4)
STACK = RNG.uniform(0.5, 2.0, (2, 3, 4))

CASES = [
    ("add", (A, B), {}),
    ("add", (A, ROW), {}),
    ("multiply", (STACK, A), {}),
    ("divide", (A[:, :1], ROW), {}),
    ("power", (A, np.array(1.5)), {}),
    ("exp", (STACK,), {}),
    ("maximum", (A, B), {}),
    ("where", (np.ones((3, 1)), A, ROW), {}),
    ("sum", (STACK,), {"axis": (1,), "keepdims": False}),
    ("sum", (STACK,), {"axis": (0, 2), "keepdims": True}),
    ("sum", (A,), {"axis": (0, 1), "keepdims": False}),
    ("max", (A,), {"axis": (1,), "keepdims": True}),
    ("min", (A,), {"axis": (0,), "keepdims": False}),
    ("matmul", (A, B.T), {}),
    ("matmul", (STACK, RNG.uniform(0.5, 2.0, (4, 2))), {}),
    ("matmul", (STACK, RNG.uniform(0.5, 2.0, (2, 4, 2))), {}),
    ("gather", (A,), {"index": np.array([[11, 0, 0], [5, 5, 2]])}),
    ("merge", (A, ROW), {"index": np.array([0, 13, 5, 15])}),
    ("reshape", (STACK,), {"shape": (4, 6)}),
    ("softmax_cross_entropy", (A, B), {}),
]
# An element of these decides by its size whether it matters, so that it may hang on nothing.
DECIDING = {"maximum", "where", "max", "min"}


def spread_of(name, join, operands, inputs, attributes):
    shapes = [np.shape(item) for item in inputs]
    result = np.shape(PRIMITIVES[name].evaluate(*inputs, **attributes))
    return PRIMITIVES[name].spread(join, operands, shapes, result, **attributes)


def masks(inputs, which, element):
    """All False but for one element of one operand."""
    made = [np.zeros(np.shape(item), bool) for item in inputs]
    made[which].flat[element] = True
    return made


def truly_moved(name, inputs, attributes, which, element):
    moved = [np.array(item, float) for item in inputs]
    moved[which].flat[element] *= 1.25
    evaluate = PRIMITIVES[name].evaluate
    return evaluate(*inputs, **attributes) != evaluate(*moved, **attributes)


@pytest.mark.parametrize(("name", "inputs", "attributes"), CASES)
def test_what_moves_is_what_the_spread_says(name, inputs, attributes):
    for which, item in enumerate(inputs):
        for element in range(np.size(item)):
            said = spread_of(name, np.logical_or, masks(inputs, which, element), inputs, attributes)
            true = truly_moved(name, inputs, attributes, which, element)
            assert said.shape == true.shape
            assert not np.any(true & ~said)
            assert name in DECIDING or np.array_equal(said, true)


@pytest.mark.parametrize(("name", "inputs", "attributes"), CASES)
def test_lanes_are_spread_side_by_side(name, inputs, attributes):
    size = np.size(inputs[0])
    alone = [
        spread_of(name, np.logical_or, masks(inputs, 0, element), inputs, attributes)
        for element in range(size)
    ]
    lanes = np.eye(size, dtype=bool).reshape(size, *np.shape(inputs[0]))
    rest = [np.broadcast_to(np.bool_(False), np.shape(item)) for item in inputs[1:]]
    together = spread_of(name, np.logical_or, [lanes, *rest], inputs, attributes)
    assert np.array_equal(together, alone)


@pytest.mark.parametrize(("join", "worst"), [(np.maximum, np.max), (np.minimum, np.min)])
def test_numbers_are_joined(join, worst):
    inputs = (A, B.T)
    numbers = [np.arange(12).reshape(3, 4), 100 + np.arange(12).reshape(4, 3)]
    said = spread_of("matmul", join, numbers, inputs, {})
    for i in range(3):
        for j in range(3):
            assert said[i, j] == worst([*numbers[0][i], *numbers[1][:, j]])


def test_every_primitive_has_a_case_or_is_elementwise():
    elementwise = PRIMITIVES["add"].spread
    others = {name for name, item in PRIMITIVES.items() if item.spread is not elementwise}
    assert others == {
        *("sum", "max", "min", "matmul", "gather", "merge", "reshape"),
        "softmax_cross_entropy",
    }
    assert others <= {name for name, _, _ in CASES}
