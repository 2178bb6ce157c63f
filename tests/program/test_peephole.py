"""The peephole on programs written by hand, and on our own network."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.program import simplified
from fastcheck.program.peephole import fused

FUSED = "softmax_cross_entropy"
ROWS, CLASSES = 5, 4
RNG = np.random.default_rng(3)
LABELS = np.array([2, 0, 3, 3, 1])
ONE_HOT = np.eye(CLASSES)[LABELS]


def test_one_class_only(writer, names, assert_the_same):
    w = writer()
    z = w.parameter("z", [[1.0], [2.0]])
    powers = w.apply("exp", z)
    norms = w.apply("log", w.apply("sum", powers, axis=(1,), keepdims=True))
    total = w.apply("sum", w.apply("subtract", z, norms), axis=(0, 1), keepdims=False)
    program = w.program(total)
    assert names(simplified(program)).count(FUSED) == 1
    assert_the_same(program, simplified(program))


def test_an_intermediate_that_is_the_loss_itself(writer, names, assert_the_same):
    w = writer()
    z = w.parameter("z", [[1.0, 3.0]])
    norm = w.apply("log", w.apply("sum", w.apply("exp", z), axis=(1,), keepdims=True))
    picked = w.apply("gather", w.apply("subtract", z, norm), index=np.array(1))
    w.apply("negative", picked)
    program = w.program(picked)
    simple = simplified(program)
    assert names(simple) == [FUSED, "reshape", "negative"]
    assert simple.output == picked
    assert_the_same(program, simple)
    assert_the_same(program, fused(program))
    program = w.program(norm)
    assert simplified(program).operations == program.operations[:3]
    assert fused(program) is program


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_our_own_network(labels, dtype, names):
    layers = [nn.Affine(6, 5), nn.Relu(), nn.Affine(5, CLASSES)]
    net = nn.Network(layers, loss=nn.SoftmaxCrossEntropy(), dtype=dtype)
    x = RNG.standard_normal((ROWS, 6)).astype(dtype)
    program = fastcheck.record(net, x, LABELS if labels else ONE_HOT.astype(dtype))
    assert names(program)[-3:] == [FUSED, "sum", "divide"]
    assert {program.values[item.output].dtype for item in program.operations} == {np.dtype(dtype)}
    assert FUSED in repr(program)
    assert "losses.py" in repr(program).split(FUSED)[1].splitlines()[0]
