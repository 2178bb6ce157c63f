import math

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.program import evaluate
from fastcheck.recording import record


@pytest.fixture
def program(writer):
    """sum(a / b) + 1."""
    w = writer()
    a, b = w.parameter("a", [1.0, 2.0]), w.parameter("b", [[2.0], [4.0]])
    quotient = w.apply("divide", a, b)
    total = w.apply("sum", quotient, axis=(0, 1), keepdims=False)
    return w.program(w.apply("add", total, w.constant(1.0)))


def test_the_loss_at_the_base_and_elsewhere(program):
    assert evaluate(program, program.base) == 3.25
    assert evaluate(program, {"a": np.array([4.0, 4.0]), "b": np.array([[1.0], [2.0]])}) == 13.0
    assert type(evaluate(program, program.base)) is float


def test_in_float64_whatever_is_given(program):
    third = np.float32(1 / 3)
    given = {"a": np.array([third, 0], "float32"), "b": np.ones((2, 1), "float32")}
    assert evaluate(program, given) == 1.0 + 2 * float(third)
    given = {"a": np.array([1, 2]), "b": np.array([[2], [4]])}
    assert evaluate(program, given) == 3.25


def test_nothing_given_is_modified(program):
    given = {name: array.copy() for name, array in program.base.items()}
    for array in given.values():
        array.flags.writeable = False
    constants = {number: array.copy() for number, array in program.constants.items()}
    evaluate(program, given)
    evaluate(program, program.base)
    for number, array in constants.items():
        np.testing.assert_array_equal(program.constants[number], array)
    for name, array in given.items():
        np.testing.assert_array_equal(program.base[name], array)


def test_infinity_and_nan_are_losses_without_a_warning(program):
    zero = np.zeros((2, 1))
    assert evaluate(program, {"a": np.ones(2), "b": zero}) == math.inf
    assert math.isnan(evaluate(program, {"a": np.zeros(2), "b": zero}))


def test_masks_are_numbers(writer):
    w = writer()
    a = w.parameter("a", [-1.0, 2.0, 3.0])
    above = w.apply("greater", a, w.constant(0.0))
    both = w.apply("add", above, above)  # of booleans, NumPy would make this a logical or
    program = w.program(w.apply("sum", both, axis=(0,), keepdims=False))
    assert evaluate(program, program.base) == 4.0


def test_a_recorded_network_gives_the_networks_loss_anywhere():
    rng = np.random.default_rng(0)
    net = nn.Network([nn.Affine(4, 5), nn.Relu(), nn.Affine(5, 3)])
    x, t = rng.standard_normal((6, 4)), np.array([0, 1, 2, 2, 1, 0])
    program = record(net, x, t)
    for scale in (0.0, 1e-3, 1.0, 10.0):
        for array in net.params.values():
            array[...] += scale * rng.standard_normal(array.shape)
        assert evaluate(program, net.params) == pytest.approx(net.loss(x, t), rel=1e-14)
