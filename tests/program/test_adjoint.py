"""The sweep back over small programs by hand: values, errors, sizes, and kinks."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from fastcheck.program import Value, evaluate, values_at
from fastcheck.program.adjoint import PRODUCT, adjoints
from fastcheck.program.clipped import clipped_logarithms
from fastcheck.program.forward_error import forward_errors

U = 2.0**-53
SINGLE = 2.0**-24


def swept(program):
    arrays = values_at(program, program.base)
    found = adjoints(program, arrays, forward_errors(program, arrays), clipped_logarithms(program))
    return {name: found.get(number) for name, number in program.parameters.items()}


def numerical(program, name, step=1e-6):
    base = program.base[name]
    out = np.zeros(base.shape)
    for index in np.ndindex(base.shape):
        losses = []
        for sign in (1, -1):
            moved = base.copy()
            moved[index] += sign * step
            losses.append(evaluate(program, {**program.base, name: moved}))
        out[index] = (losses[0] - losses[1]) / (2 * step)
    return out


def summed(w, number):
    axis = tuple(range(w.arrays[number].ndim))
    return w.apply("sum", number, axis=axis, keepdims=False)


def agree(program, *, rtol=1e-7):
    for name, adjoint in swept(program).items():
        np.testing.assert_allclose(adjoint.value, numerical(program, name), rtol=rtol, atol=1e-8)
        assert adjoint.error.shape == adjoint.size.shape == adjoint.value.shape
        assert np.all(adjoint.error >= 0)
        assert np.all(adjoint.error <= 200 * U * (1 + adjoint.size))
        assert np.all(adjoint.size >= np.abs(adjoint.value) * (1 - 1e-12))
        assert adjoint.kink is None


def test_a_sum_is_exact(writer):
    w = writer()
    a = w.parameter("a", [[1.0, 2.0], [3.0, 4.0]])
    adjoint = swept(w.program(summed(w, a)))["a"]
    np.testing.assert_array_equal(adjoint.value, np.ones((2, 2)))
    np.testing.assert_array_equal(adjoint.size, np.ones((2, 2)))
    assert np.all(adjoint.error < 1e-300)
    assert adjoint.kink is None


def test_a_product_of_two_moving_matrices(writer):
    rng = np.random.default_rng(0)
    for left, right in (((3, 4), (4, 2)), ((2, 3, 4), (4, 2)), ((1, 3, 4), (2, 4, 3))):
        w = writer()
        a, b = (
            w.parameter(n, rng.standard_normal(s)) for n, s in zip("ab", (left, right), strict=True)
        )
        agree(w.program(summed(w, w.apply("square", w.apply("matmul", a, b)))))


def test_broadcasting_rearranging_and_reducing(writer):
    rng = np.random.default_rng(1)
    w = writer()
    a, b = w.parameter("a", rng.standard_normal((3, 4))), w.parameter("b", rng.standard_normal(4))
    z = w.apply("tanh", w.apply("add", a, b))
    picked = w.apply("gather", z, index=np.array([[0, 0, 5], [11, 2, 0]]))
    both = w.apply("merge", picked, b, index=np.array([[0, 9, 3], [1, 9, 6]]))
    turned = w.apply("reshape", both, shape=(3, 2))
    mean = w.apply("sum", turned, axis=(1,), keepdims=True)
    centred = w.apply("subtract", turned, mean)
    top = w.apply("max", centred, axis=(0,), keepdims=False)
    product = w.apply("multiply", w.apply("exp", centred), top)
    agree(w.program(summed(w, product)))


def test_a_value_used_twice(writer):
    w = writer()
    a = w.parameter("a", [3.0, -2.0])
    five = w.constant(5.0)
    square, linear = w.apply("multiply", a, a), w.apply("multiply", five, a)
    adjoint = swept(w.program(summed(w, w.apply("subtract", square, linear))))["a"]
    np.testing.assert_array_equal(adjoint.value, [1.0, -9.0])
    np.testing.assert_array_equal(adjoint.size, [11.0, 9.0])
    # One rounding for each product, one for a factor that is shared out, one for each sum.
    assert np.all(adjoint.error >= U * np.array([11.0, 9.0]))
    assert np.all(adjoint.error <= (PRODUCT + 2) * U * np.array([11.0, 9.0]))


def test_what_cancels_above_does_not_count_below(writer):
    # The adjoint of s is 1e6 - 1e6 + 1 whatever lies below; the true one goes on.
    w = writer()
    a = w.parameter("a", [[0.5, 0.25]])
    s = w.apply("multiply", a, w.constant(3.0))
    terms = [w.apply("multiply", s, w.constant(f)) for f in (1e6, -1e6, 1.0)]
    loss = summed(w, w.apply("add", w.apply("add", terms[0], terms[1]), terms[2]))
    program = w.program(loss)
    adjoint = swept(program)["a"]
    np.testing.assert_allclose(adjoint.value, 3.0)
    np.testing.assert_allclose(adjoint.size, 3 * (2e6 + 1))
    assert np.all(adjoint.error >= U * 3e6)


def test_unused_parameters_and_constants_have_none(writer):
    w = writer()
    a, b, c = w.parameter("a", [1.0]), w.parameter("b", [2.0]), w.constant([3.0])
    w.apply("exp", b)  # leads nowhere
    fixed = w.apply("multiply", c, c)
    loss = summed(w, w.apply("multiply", a, fixed))
    program = w.program(loss)
    arrays = values_at(program, program.base)
    found = adjoints(program, arrays, forward_errors(program, arrays), clipped_logarithms(program))
    assert b not in found
    assert c not in found
    assert fixed not in found
    np.testing.assert_array_equal(found[a].value, [9.0])
    # A loss of constants alone.
    found = adjoints(w.program(c), arrays, dict.fromkeys(arrays, 0.0), {})
    assert a not in found
    # A parameter that only decides.
    w = writer()
    a, b = w.parameter("a", [1.0]), w.parameter("b", [2.0])
    mask = w.apply("greater", a, w.constant([0.0]))
    found = swept(w.program(summed(w, w.apply("where", mask, b, w.constant([0.0])))))
    assert found["a"] is None or not found["a"].value.any()
    np.testing.assert_array_equal(found["b"].value, [1.0])


def test_the_loss_is_a_parameter(writer):
    w = writer()
    a = w.parameter("a", 1.5)
    found = swept(w.program(a))
    assert found["a"].value == found["a"].size == 1.0
    assert found["a"].error == 0.0


def test_every_mix_of_slopes_at_a_kink(writer):
    rng = np.random.default_rng(2)
    x, v = rng.standard_normal((2, 3)), rng.standard_normal((4, 1))
    w = writer()
    W, zero = w.parameter("W", np.zeros((3, 4))), w.constant(0.0)
    relu = w.apply("maximum", w.apply("matmul", w.constant(x), W), zero)
    scores = w.apply("matmul", relu, w.constant(v))
    program = w.program(summed(w, w.apply("multiply", scores, w.constant([[2.0], [-3.0]]))))
    adjoint = swept(program)["W"]
    above = np.array([[2.0], [-3.0]]) @ v.T
    corners = []
    for first, second in itertools.product((0.0, 1.0), repeat=2):
        gradient = x.T @ (above * np.array([[first], [second]]))
        corners.append(gradient)
        off = np.abs(gradient - adjoint.value)
        assert np.all(off <= adjoint.kink + adjoint.error)
    np.testing.assert_allclose(adjoint.value, np.mean(corners, axis=0), atol=1e-14)
    # As narrow as that.
    np.testing.assert_allclose(adjoint.value + adjoint.kink, np.max(corners, axis=0), atol=1e-14)
    np.testing.assert_allclose(adjoint.value - adjoint.kink, np.min(corners, axis=0), atol=1e-14)


def test_kinks_behind_kinks(writer):
    # relu(w x) at 0 in both layers: the product of two slopes, each 0 or 1.
    w = writer()
    a, zero = w.parameter("a", [0.0]), w.constant(0.0)
    inner = w.apply("maximum", w.apply("multiply", a, w.constant(3.0)), zero)
    outer = w.apply("maximum", w.apply("multiply", inner, w.constant(-2.0)), zero)
    adjoint = swept(w.program(summed(w, outer)))["a"]
    for first, second in itertools.product((0.0, 1.0), repeat=2):
        assert abs(-6.0 * first * second - adjoint.value) <= adjoint.kink


def test_ties_of_a_maximum(writer):
    w = writer()
    a = w.parameter("a", [[1.0, 1.0, 0.0]])
    top = w.apply("max", a, axis=(1,), keepdims=False)
    adjoint = swept(w.program(summed(w, w.apply("multiply", top, w.constant(4.0)))))["a"]
    np.testing.assert_array_equal(adjoint.value, [[2.0, 2.0, 0.0]])
    np.testing.assert_array_equal(adjoint.kink, [[2.0, 2.0, 0.0]])


def in_single(program):
    values = tuple(Value(v.shape, np.dtype("float32")) for v in program.values)
    return replace(program, values=values, unit_roundoff=SINGLE)


@pytest.mark.parametrize("seed", range(5))
def test_a_backprop_in_float32(writer, seed):
    """Two layers by hand in float32, in the usual way and with 1 / N in different places."""
    rng = np.random.default_rng(seed)
    size, samples = rng.choice([0.1, 1.0, 5.0]), 9
    x, t, W, V = (
        (scale * rng.standard_normal(s)).astype(np.float32)
        for scale, s in [(1, (samples, 6)), (1, (samples, 3)), (size, (6, 8)), (size, (8, 3))]
    )
    w = writer()
    tanh = w.apply("tanh", w.apply("matmul", w.constant(x), w.parameter("W", W)))
    off = w.apply("subtract", w.apply("matmul", tanh, w.parameter("V", V)), w.constant(t))
    loss = w.apply("divide", summed(w, w.apply("square", off)), w.constant(float(samples)))
    program = w.program(loss)
    truth = swept(program)
    rough = swept(in_single(program))
    share = []
    for late in (False, True):
        h = np.tanh(x @ W)
        d = 2 * (h @ V - t) / np.float32(1 if late else samples)
        gradient = {"V": h.T @ d, "W": x.T @ ((d @ V.T) * (1 - h * h))}
        for name, entries in gradient.items():
            assert entries.dtype == np.float32
            entries = entries / np.float32(samples if late else 1)  # noqa: PLW2901
            miss = np.abs(entries - truth[name].value)
            assert np.all(miss <= rough[name].error)
            share.append((miss / rough[name].error).max())
    assert max(share) > 0.01


def test_a_sigmoid_costs_more_than_its_operations(writer):
    def of(saturated, divisor):
        w = writer()
        z, one = w.parameter("z", [saturated]), w.constant(1.0)
        power = w.apply("exp", w.apply("negative", z))
        bottom = w.apply("add", w.constant(divisor), power)
        return swept(w.program(summed(w, w.apply("divide", one, bottom))))["z"]

    plain, sigmoid = of(30.0, 1.0 + 2.0**-52), of(30.0, 1.0)
    assert plain.error < 50 * U * plain.value
    assert U < sigmoid.error < 10 * U
    assert sigmoid.size == pytest.approx(1.0)
    assert of(-30.0, 1.0).error < 50 * U * of(-30.0, 1.0).value


def test_two_sigmoids_of_one_exponential(writer):
    def error_of(count):
        w = writer()
        z, one = w.parameter("z", [30.0]), w.constant(1.0)
        power = w.apply("exp", w.apply("negative", z))
        ys = [w.apply("divide", one, w.apply("add", one, power)) for _ in range(count)]
        total = ys[0] if count == 1 else w.apply("add", *ys)
        return swept(w.program(summed(w, total)))["z"].error

    assert error_of(2) == pytest.approx(2 * error_of(1), rel=0.1, abs=0)
