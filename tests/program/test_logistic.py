"""Which spellings of a sigmoid are found."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.program.logistic import sigmoids
from fastcheck.recording import record


@pytest.fixture
def z_and(writer):
    w = writer()
    return w, w.parameter("z", [[0.5, -2.0]])


def found(w, z, y):
    program = w.program(w.apply("sum", y, axis=(0, 1), keepdims=False))
    return sigmoids(program)


@pytest.mark.parametrize("one", [1.0, [[1.0, 1.0]]])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("name", ["divide", "reciprocal"])
def test_one_over_one_plus_exp(z_and, name, swapped, one):
    w, z = z_and
    one = w.constant(one)
    argument = w.apply("negative", z)
    power = w.apply("exp", argument)
    divisor = w.apply("add", power, one) if swapped else w.apply("add", one, power)
    y = w.apply("divide", one, divisor) if name == "divide" else w.apply("reciprocal", divisor)
    assert found(w, z, y) == {y: argument}


def test_without_the_minus(z_and):
    w, z = z_and
    one = w.constant(1.0)
    y = w.apply("divide", one, w.apply("add", one, w.apply("exp", z)))
    assert found(w, z, y) == {y: z}


@pytest.mark.parametrize("swapped", [False, True])
def test_exp_of_minus_softplus(z_and, swapped):
    w, z = z_and
    zero, argument = w.constant(0.0), w.apply("negative", z)
    operands = (argument, zero) if swapped else (zero, argument)
    y = w.apply("exp", w.apply("negative", w.apply("logaddexp", *operands)))
    assert found(w, z, y) == {y: argument}


def test_what_is_none(z_and):
    w, z = z_and
    one, two, zero = w.constant(1.0), w.constant(2.0), w.constant(0.0)
    power = w.apply("exp", z)
    divisor = w.apply("add", one, power)
    for y in (
        w.apply("divide", two, divisor),
        w.apply("divide", divisor, one),
        w.apply("divide", one, w.apply("add", two, power)),
        w.apply("divide", one, w.apply("add", z, power)),
        w.apply("divide", one, w.apply("multiply", one, power)),
        w.apply("divide", one, w.apply("add", one, w.apply("square", z))),
        w.apply("divide", one, z),
        w.apply("reciprocal", power),
        w.apply("exp", w.apply("logaddexp", zero, z)),
        w.apply("exp", w.apply("negative", w.apply("logaddexp", one, z))),
        w.apply("exp", w.apply("negative", z)),
        w.apply("tanh", z),
    ):
        assert found(w, z, y) == {}


@pytest.mark.parametrize("layers", [1, 2])
def test_the_packages_own_sigmoid(layers):
    stack = [item for _ in range(layers) for item in (nn.Affine(3, 3), nn.Sigmoid())]
    program = record(nn.Network(stack), np.ones((2, 3)), np.array([0, 1]))
    assert len(sigmoids(program)) == layers
